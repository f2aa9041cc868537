"""What a session makes of answers that speak of another domain than the one that is defined.

The fake stands where the wire is: a shell script that answers as virsh does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from pciabi.cancellation import Cancellation
from pciabi.errors import LibvirtError
from pciabi.libvirt import place, sandbox
from pciabi.libvirt.installation import Libvirt
from pciabi.libvirt.session import Refused, Session
from pciabi.probe.host import Host
from pciabi.qemu.binary import Binary
from tests.unit.test_libvirt_conversation import virsh

LIBVIRT = Libvirt(
    "libvirt:7.0",
    (7, 0, 0),
    "",
    Path("/"),
    ("virsh",),
    Binary("q", ("q",), Path("/"), (5, 2, 0), ""),
)
DOMAIN = "<domain type='qemu'>\n<name>web</name></domain>"


@contextmanager
def session(folder: Path, answer: str) -> Iterator[Session]:
    """A session with a virsh that does this when it is asked."""
    sandbox.outside(folder, place.DOMAIN).parent.mkdir(parents=True, exist_ok=True)
    with virsh(f"case $command in {answer} *) ;; esac") as conversation:
        yield Session(LIBVIRT, folder, conversation)


@pytest.mark.parametrize(
    "answer",
    [
        "define) echo \"error: domain 'web' already exists with uuid 1\" >&2; echo >&2;;",
        'define) echo "Domain defined";;',
        "define) exit 1;;",
    ],
    ids=["one of its name is left", "it is not among those there are", "virsh ends"],
)
def test_what_is_left_of_another_domain_is_no_refusal_of_this_one(
    answer: str, tmp_path: Path
) -> None:
    with session(tmp_path, answer) as asked:
        with pytest.raises(LibvirtError) as caught:
            asked.define(DOMAIN)
        assert asked.is_spoilt
    assert not isinstance(caught.value, Refused)
    assert "\n" not in str(caught.value)


def test_one_that_is_not_forgotten_spoils_what_is_asked_next_but_no_answer(tmp_path: Path) -> None:
    there = tmp_path / "there"
    answer = (
        f'list) if [ -e {there} ]; then echo "00000000-0000-0000-0000-000000000001"; fi;; '
        f'define) touch {there}; echo "Domain defined";; dumpxml) echo "<domain/>";; '
        "undefine) echo 'error: failed to get domain' >&2; echo >&2;;"
    )
    with session(tmp_path, answer) as asked:
        assert asked.define(DOMAIN) == "<domain/>"
        assert asked.is_spoilt


def test_a_refusal_spoils_nothing(tmp_path: Path) -> None:
    answer = "define) echo 'error: XML error: no OS' >&2; echo >&2;;"
    with session(tmp_path, answer) as asked:
        with pytest.raises(Refused, match="XML error: no OS"):
            asked.define(DOMAIN)
        assert not asked.is_spoilt


def test_nobody_is_given_a_session_that_is_spoilt(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with session(tmp_path, "") as first, session(tmp_path, "") as second:
        begun = iter((first, second))

        @contextmanager
        def opened(_libvirt: Libvirt) -> Iterator[Session]:
            yield next(begun)

        monkeypatch.setattr("pciabi.libvirt.session.opened", opened)
        monkeypatch.setattr("pciabi.libvirt.installation.find", lambda _name: LIBVIRT)
        with Host(Cancellation()) as host:
            assert host.session("libvirt:7.0") is host.session("libvirt:7.0") is first
            first.is_spoilt = True
            assert host.session("libvirt:7.0") is second
