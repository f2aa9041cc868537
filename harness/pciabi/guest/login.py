"""How a user's own guest lets us in: with a password on its console, or with a key over SSH."""

from __future__ import annotations

import base64
import os
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from paramiko.pkey import UnknownKeyType

from pciabi.documents import Location
from pciabi.errors import InputError
from pciabi.guest.recipe_file import ConsoleModel, LoginModel, SshModel
from pciabi.guest.secret import Secret
from pciabi.guest.ssh import Credentials

_PUBLIC_KEY = re.compile(r"(?P<type>(?:ssh|ecdsa)-[a-z0-9-]+) (?P<data>[A-Za-z0-9+/]+=*)")


@dataclass(frozen=True)
class ConsoleLogin:
    """A user and a password to type at the prompts of the serial console.

    `password` is None for a guest that asks for none.
    """

    user: Secret
    password: Secret | None

    @property
    def secrets(self) -> tuple[Secret, ...]:
        """What must not be seen. That there is a user called root is no secret."""
        user = () if self.user.reveal() == "root" else (self.user,)
        return user if self.password is None else (*user, self.password)


@dataclass(frozen=True)
class SshLogin:
    """A user, a private key and the host key the guest must show."""

    credentials: Credentials
    secrets: ClassVar[tuple[Secret, ...]] = ()


@dataclass(frozen=True)
class OwnProtocol:
    """The guest follows pciabi's own protocol: it takes this boot's keys out of its initramfs,
    and says on its second serial port when it is ready."""

    secrets: ClassVar[tuple[Secret, ...]] = ()


Login = OwnProtocol | ConsoleLogin | SshLogin
FindFile = Callable[[str, Location], Path]
"""A file by its path beside the recipe; the location says what names it there."""
Fault = Callable[[Location, str], InputError]
"""An error at a place in the recipe."""


def read(model: LoginModel | None, find: FindFile, fault: Fault) -> Login:
    """The login a recipe describes, its secrets taken from the environment and its key files.

    Raises InputError.
    """
    if model is None:
        return OwnProtocol()
    if model.console is not None:
        return _console(model.console, fault)
    assert model.ssh is not None
    return _ssh(model.ssh, find, fault)


def _console(model: ConsoleModel, fault: Fault) -> ConsoleLogin:
    def secret(key: str, variable: str) -> Secret:
        value = os.environ.get(variable)
        location = ("login", "console", key)
        if value is None:
            raise fault(location, f"the environment has no variable {variable}")
        if not value.isprintable():
            raise fault(location, f"variable {variable} holds what no keyboard types")
        return Secret(variable, value)

    user = secret("user-from", model.user_from)
    if not user.reveal():
        raise fault(("login", "console", "user-from"), f"variable {model.user_from} is empty")
    password = None
    if model.password_from is not None:
        password = secret("password-from", model.password_from)
    return ConsoleLogin(user, password)


def _ssh(model: SshModel, find: FindFile, fault: Fault) -> SshLogin:
    path = find(model.key, ("login", "ssh", "key"))
    key = _private_key(path, fault)
    host_key = _public_key(model.host_key, find, fault)
    return SshLogin(Credentials(f"{model.user}'s SSH key {path}", model.user, key, host_key))


def _private_key(path: Path, fault: Fault) -> paramiko.PKey:
    # What the library raises may quote the file, so nothing of it is passed on.
    location = ("login", "ssh", "key")
    try:
        key: paramiko.PKey = paramiko.PKey.from_path(path)
    except OSError as error:
        raise fault(location, f"{path} cannot be read: {error.strerror}") from None
    except (paramiko.PasswordRequiredException, TypeError):
        reason = "is protected by a passphrase; make a key without one for the tests"
        raise fault(location, f"{path} {reason}") from None
    except (paramiko.SSHException, UnknownKeyType, UnsupportedAlgorithm, ValueError):
        raise fault(location, f"{path} holds no private key of a known type") from None
    return key


def _public_key(text: str, find: FindFile, fault: Fault) -> paramiko.PKey:
    location = ("login", "ssh", "host-key")
    if not _PUBLIC_KEY.match(text):
        path = find(text, location)
        try:
            text = path.read_text(errors="replace")
        except OSError as error:
            raise fault(location, f"{path} cannot be read: {error.strerror}") from None
    match = _PUBLIC_KEY.search(text)
    if match is None:
        raise fault(location, "no public key, such as `ssh-ed25519 AAAA…`")
    try:
        key: paramiko.PKey = paramiko.PKey.from_type_string(
            match["type"], base64.b64decode(match["data"])
        )
    except (paramiko.SSHException, UnknownKeyType, UnsupportedAlgorithm, ValueError, IndexError):
        raise fault(location, f"no public key of a known type: {match['type']}") from None
    return key
