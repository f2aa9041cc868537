"""The secrets of one run: a client key, a host key and an entropy seed, all fresh."""

from __future__ import annotations

import io
import secrets
import struct
from dataclasses import dataclass, field

import paramiko
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pciabi.guest.ssh import Credentials

ENTROPY_BYTES = 64
_ALGORITHM = b"ssh-ed25519"


@dataclass(frozen=True)
class RunKeys:
    """What the guest and we must both hold. Nothing of it is printed or kept."""

    client: Ed25519PrivateKey = field(repr=False, default_factory=Ed25519PrivateKey.generate)
    host: Ed25519PrivateKey = field(repr=False, default_factory=Ed25519PrivateKey.generate)

    def authorized_keys(self) -> bytes:
        """The client's public key as an `authorized_keys` line."""
        public = self.client.public_key()
        return public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH) + b" pciabi\n"

    def dropbear_host_key(self) -> bytes:
        """The host's private key as dropbear stores it: the name, then private and public half,
        each string behind its length as in RFC 4251 section 5."""
        private = self.host.private_bytes(Encoding.Raw, PrivateFormat.Raw, NoEncryption())
        public = self.host.public_key().public_bytes(Encoding.Raw, PublicFormat.Raw)
        both = private + public
        return struct.pack(">I", len(_ALGORITHM)) + _ALGORITHM + struct.pack(">I", len(both)) + both

    def entropy(self) -> bytes:
        """A fresh seed for one boot's random number generator."""
        return secrets.token_bytes(ENTROPY_BYTES)

    def credentials(self) -> Credentials:
        """The client's key to log in with as root, and the host key to pin, whose private half
        is only a by-product."""
        return Credentials(
            "the run's SSH key", "root", _paramiko_key(self.client), _paramiko_key(self.host)
        )


def _paramiko_key(key: Ed25519PrivateKey) -> paramiko.PKey:
    text = key.private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()
    return paramiko.Ed25519Key.from_private_key(io.StringIO(text))
