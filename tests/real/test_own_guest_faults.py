"""A user's own guest: whatever keeps it from letting us in or answering is one clear line, and
no secret is ever shown."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.real.command import guests, pciabi, workspaces
from tests.real.foreign_guest import CONSOLE, ONE, SSH, VARIABLES, fresh_secrets, place

FAULTS = {
    "wrong password": (
        *(CONSOLE, "", "root", "wrong"),
        r"the guest refused the login on its console: what is in PCIABI_TEST_USER or "
        r"PCIABI_TEST_PASSWORD is wrong",
    ),
    "unknown user": (*(CONSOLE, "", "somebody", ""), r"the guest refused the login on its console"),
    "not root": (*(CONSOLE, "", "guest", ""), r"is not root but has the id 1000; .*log in as root"),
    "not root over SSH": (
        *(SSH.replace("root", "guest"), "", "", ""),
        r"is not root but has the id 1000; .*log in as root",
    ),
    "no password named": (
        *(CONSOLE.replace(", password-from: PCIABI_TEST_PASSWORD", ""), "", "root", ""),
        r"asks for a password on its console \(name its variable in `password-from:`\)",
    ),
    "no lspci": (*(CONSOLE, "no-lspci", "root", ""), r"the guest has no lspci \(install"),
    "no lspci over SSH": (*(SSH, "no-lspci", "", ""), r"the guest has no lspci \(install"),
    "no prompt": (*(CONSOLE, "silent", "root", ""), r"no login prompt on the serial console after"),
    "panic before the prompt": (*(CONSOLE, "panic", "root", ""), r"the guest kernel panicked: Att"),
    "panic before SSH": (*(SSH, "panic", "", ""), r"the guest kernel panicked: Attempted to kill"),
    "no SSH server": (
        *(SSH, "deaf", "", ""),
        r"no SSH server answered at the guest's 10\.0\.2\.15",
    ),
}
IN_TIME = {"no prompt", "no SSH server"}


@pytest.mark.parametrize("name", FAULTS)
def test_a_fault_is_one_clear_line(tmp_path: Path, name: str) -> None:
    login, wishes, user, password, message = FAULTS[name]
    given = fresh_secrets()
    own = place(tmp_path, login, given, wishes)
    if name in IN_TIME:
        text = (tmp_path / own).read_text()
        (tmp_path / own).write_text(f"timeout: 20\n{text}")
    environment = given.environment(user)
    if password:
        environment["PCIABI_TEST_PASSWORD"] = password
    done = pciabi("run", own, *ONE, cwd=tmp_path, **environment)
    output = " ".join((done.stdout + done.stderr).split())
    assert done.returncode == 3, output
    assert re.search(message, output), output
    assert "Traceback" not in output
    assert not guests(tmp_path)
    assert not workspaces(tmp_path)


@pytest.mark.parametrize("variable", VARIABLES)
def test_a_missing_variable_is_named_with_the_recipes_line(tmp_path: Path, variable: str) -> None:
    given = fresh_secrets()
    own = place(tmp_path, CONSOLE, given)
    environment = given.environment()
    del environment[variable]
    done = pciabi("run", own, *ONE, cwd=tmp_path, **environment)
    assert done.returncode == 2
    output = " ".join(done.stdout.split())
    assert "guest.yaml:5: own[pc-virtio-net-pci]: login.console." in output
    assert f"the environment has no variable {variable}" in output
