"""A small guest that does not follow pciabi's protocol, and its secrets."""

from __future__ import annotations

import secrets
import subprocess
from dataclasses import dataclass
from pathlib import Path

from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pciabi import resources
from pciabi.guest import cpio, image
from pciabi.guest.keys import RunKeys

RECIPE = Path(__file__).with_name("foreign") / "small.yaml"
ONE = ("--select", "machine=pc", "--select", "nic=virtio-net-pci")
VARIABLES = ("PCIABI_TEST_USER", "PCIABI_TEST_PASSWORD")
CONSOLE = """\
login:
  console: {user-from: PCIABI_TEST_USER, password-from: PCIABI_TEST_PASSWORD}
"""
SSH = """\
login:
  ssh: {user: root, key: key, host-key: host.pub}
"""


@dataclass(frozen=True)
class Secrets:
    """What opens a guest: a password, and the keys in `folder`."""

    password: str
    keys: RunKeys

    def environment(self, user: str = "root") -> dict[str, str]:
        """The variables a console login takes them from."""
        return dict(zip(VARIABLES, (user, self.password), strict=True))

    def password_hash(self) -> str:
        """As /etc/shadow holds it; crypt(3) by way of perl, which every Debian has."""
        script = "print crypt($ARGV[0], q($6$saltsalt$))"
        words = ["perl", "-e", script, self.password]
        return subprocess.run(words, capture_output=True, text=True, check=True).stdout

    def write_keys(self, folder: Path) -> None:
        """The user's private key and the guest's public host key, as OpenSSH writes them."""
        private = self.keys.client.private_bytes(
            Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()
        )
        (folder / "key").write_bytes(private)
        host = self.keys.host.public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH)
        (folder / "host.pub").write_bytes(host + b" root@small\n")


def fresh_secrets() -> Secrets:
    """Secrets of one test."""
    return Secrets(f"Pw-{secrets.token_hex(8)}", RunKeys())


def scenario(folder: Path, recipe: str, changes: str = "", name: str = "two-nics-pinned") -> str:
    """A shipped scenario that boots the guest of a recipe; its file's name in `folder`."""
    text = resources.scenario(name).read_text()
    (folder / "guest.yaml").write_text(recipe)
    (folder / "own.pciabi.yaml").write_text(f"image: guest.yaml\n{changes}{text}")
    return "own.pciabi.yaml"


def place(folder: Path, login: str, given: Secrets, wishes: str = "", changes: str = "") -> str:
    """Put the guest, its recipe and a scenario into a folder; the scenario's file name."""
    built = image.ensure(RECIPE, lambda _progress: None)
    accounts = f"root:{given.password_hash()}:1::::::\nguest:{given.password_hash()}:1::::::\n"
    files = {
        "etc/passwd": b"root:x:0:0:root:/root:/bin/sh\nguest:x:1000:1000::/home/guest:/bin/sh\n",
        "etc/group": b"root:x:0:\nguest:x:1000:\n",
        "etc/shadow": accounts.encode(),
        "etc/wishes": f"{wishes}\n".encode(),
        "etc/host_key": given.keys.dropbear_host_key(),
        "root/.ssh/authorized_keys": given.keys.authorized_keys(),
        "home/guest/.ssh/authorized_keys": given.keys.authorized_keys(),
    }
    archive = cpio.archive(cpio.file(path, data, 0o600) for path, data in files.items())
    (folder / "initrd").write_bytes(built.initrd.read_bytes() + archive)
    (folder / "vmlinux").symlink_to(built.kernel)
    given.write_keys(folder)
    arguments = ", ".join(built.kernel_arguments.split())
    recipe = f"kernel: vmlinux\ninitrd: initrd\narguments: [{arguments}]\n{login}"
    return scenario(folder, recipe, changes)
