"""The ways into a user's own guest, as its recipe names them."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    KeySerializationEncryption,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)

from pciabi.errors import InputError
from pciabi.guest import recipe
from pciabi.guest.login import ConsoleLogin, SshLogin
from pciabi.guest.recipe import DiskRecipe
from pciabi.scenario import load as scenarios

CONSOLE = """\
disk: {path: own.qcow2, format: qcow2}
login:
  console:
    user-from: OWN_USER
    password-from: OWN_PASSWORD
"""
SSH = """\
disk: {path: own.qcow2, format: qcow2}
login:
  ssh:
    key: key
    host-key: host.pub
"""
PrivateKey = ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey
KEYS: dict[str, PrivateKey] = {
    "ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa": ec.generate_private_key(ec.SECP256R1()),
    "rsa": rsa.generate_private_key(65537, 2048),
}
HOST = KEYS["ecdsa"].public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()


BARE = NoEncryption()


def pem(name: str, protection: KeySerializationEncryption = BARE) -> bytes:
    return KEYS[name].private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, protection)


def load(folder: Path, text: str) -> DiskRecipe:
    path = folder / "own.yaml"
    path.write_text(text)
    (folder / "own.qcow2").touch()
    loaded = recipe.load(path)
    assert isinstance(loaded, DiskRecipe)
    return loaded


@pytest.fixture(autouse=True)
def variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("OWN_USER", "operator")
    monkeypatch.setenv("OWN_PASSWORD", "s3cret")


def test_a_console_login_takes_its_secrets_from_the_environment(tmp_path: Path) -> None:
    loaded = load(tmp_path, CONSOLE)
    assert (loaded.disk, loaded.format) == (tmp_path / "own.qcow2", "qcow2")
    assert isinstance(loaded.login, ConsoleLogin)
    assert [secret.reveal() for secret in loaded.login.secrets] == ["operator", "s3cret"]
    assert "operator" not in repr(loaded)
    assert "s3cret" not in repr(loaded)


@pytest.mark.parametrize("name", KEYS)
def test_an_ssh_login_reads_its_keys_and_leaves_them_alone(tmp_path: Path, name: str) -> None:
    content = pem(name)
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "key").chmod(0o400)
    (tmp_path / "host.pub").write_text(f"# found by ssh-keyscan\n[own]:22 {HOST}\n")
    from_file = load(tmp_path, SSH).login
    from_line = load(tmp_path, SSH.replace("host.pub", f"{HOST} root@own")).login
    for login in (from_file, from_line):
        assert isinstance(login, SshLogin)
        assert login.credentials.host_key.get_base64() == HOST.split()[1]
        assert login.credentials.user == "root"
        assert "PrivateKey" not in repr(login)
    assert (tmp_path / "key").read_bytes() == content


def refused(folder: Path, text: str) -> str:
    with pytest.raises(InputError) as caught:
        load(folder, text)
    assert caught.value.__cause__ is None
    return str(caught.value).removeprefix(f"{folder}/")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("OWN_USER", "NO_USER", "own.yaml:4: login.console.user-from: the environment has no"),
        ("OWN_PASSWORD", "NO_PW", "own.yaml:5: login.console.password-from: the environment has"),
        ("OWN_USER", "$USER", "own.yaml:4: login.console.user-from: String should match pattern"),
        ("user-from", "user", "own.yaml:4: login.console.user: unknown key 'user', allowed: user-"),
        ("  console:", "  telnet:", "own.yaml:3: login.telnet: unknown key 'telnet', allowed: con"),
        ("path: own.qcow2", "path: no", "own.yaml:1: disk.path: there is no file no beside the"),
        ("format: qcow2", "format: vmdk", "own.yaml:1: disk.format: Input should be 'qcow2' or"),
        ("login:", "kernel: x\nlogin:", "own.yaml:2: kernel: unknown key 'kernel', allowed: desc"),
    ],
)
def test_a_mistake_is_shown_at_its_line(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert refused(tmp_path, CONSOLE.replace(old, new)).startswith(message)


def test_a_disk_needs_one_login(tmp_path: Path) -> None:
    none = CONSOLE.partition("login:")[0]
    assert refused(tmp_path, none).startswith("own.yaml:1: login: Field required")
    both = CONSOLE + "  ssh: {key: key, host-key: host.pub}\n"
    assert "own.yaml:2: login: a login is exactly one of console, ssh" in refused(tmp_path, both)


@pytest.mark.parametrize(
    ("value", "message"),
    [("", "variable OWN_USER is empty"), ("a\nb", "variable OWN_USER holds what no keyboard")],
)
def test_what_cannot_be_typed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, value: str, message: str
) -> None:
    monkeypatch.setenv("OWN_USER", value)
    assert message in refused(tmp_path, CONSOLE)


PRIVATE = {
    "empty": (b"", "holds no private key of a known type"),
    "public": (HOST.encode(), "holds no private key of a known type"),
    "cut off": (pem("rsa")[:400], "holds no private key of a known type"),
    "passphrase": (
        pem("ed25519", BestAvailableEncryption(b"phrase")),
        "is protected by a passphrase; make a key without one",
    ),
}


@pytest.mark.parametrize("name", PRIVATE)
def test_a_private_key_that_will_not_do(tmp_path: Path, name: str) -> None:
    content, message = PRIVATE[name]
    (tmp_path / "key").write_bytes(content)
    (tmp_path / "host.pub").write_text(HOST)
    said = refused(tmp_path, SSH)
    assert said.startswith(f"own.yaml:4: login.ssh.key: {tmp_path}/key {message}")
    assert "PRIVATE" not in said


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("host.pub", "there is no file host.pub beside the recipe"),
        ("key", "no public key, such as `ssh-ed25519 AAAA…`"),
        ("ssh-ed25519 AAAA", "no public key of a known type: ssh-ed25519"),
        ("ssh-dss AAAAB3NzaC1kc3M=", "no public key of a known type: ssh-dss"),
    ],
)
def test_a_host_key_that_will_not_do(tmp_path: Path, line: str, message: str) -> None:
    (tmp_path / "key").write_bytes(pem("ed25519"))
    said = refused(tmp_path, SSH.replace("host.pub", line))
    assert said.startswith(f"own.yaml:5: login.ssh.host-key: {message}")


PAGE = (Path(__file__).parents[2] / "docs/own-guest.md").read_text()
EXAMPLES = re.findall(r"```yaml\n(# (?:my-guest|my\.pciabi)\.yaml\n.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda text: text.splitlines()[1][:30])
def test_the_examples_of_the_manual_work(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, example: str
) -> None:
    monkeypatch.setenv("PCIABI_GUEST_USER", "root")
    monkeypatch.setenv("PCIABI_GUEST_PASSWORD", "s3cret")
    for folder in ("boot", "keys"):
        (tmp_path / folder).mkdir()
    for name in ("golden.qcow2", "el9.qcow2", "boot/vmlinuz", "boot/initrd.img", "my-guest.yaml"):
        (tmp_path / name).touch()
    for name in ("id_ed25519", "keys/id_ed25519"):
        (tmp_path / name).write_bytes(pem("ed25519"))
    (tmp_path / "keys/host.pub").write_text(HOST)
    name = example.splitlines()[0].removeprefix("# ")
    (tmp_path / name).write_text(example)
    if name == "my-guest.yaml":
        recipe.load(tmp_path / name)
    else:
        (case,) = scenarios.cases(tmp_path / name)
        assert case.image == tmp_path / "my-guest.yaml"


def test_the_manual_has_an_example_of_each_kind() -> None:
    assert len(EXAMPLES) == 4
