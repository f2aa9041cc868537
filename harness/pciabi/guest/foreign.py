"""Asking a guest that knows nothing of pciabi: its own lspci, and scripts that are sent along."""

from __future__ import annotations

from importlib.resources import files

from pciabi.errors import GuestError
from pciabi.guest import interfaces
from pciabi.guest.answers import BIOS, FIRMWARE_INTERFACES, LSPCI, RELEASE, Answers
from pciabi.guest.session import Session

# lspci lies where an ordinary user's PATH does not look, and must speak as it does by itself.
_ENVIRONMENT = """\
PATH=$PATH:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin LC_ALL=C
export PATH LC_ALL
"""
# Binding a driver changes what lspci says, and udev is what binds and renames: its queue ends.
_SETTLE = "if command -v udevadm >/dev/null; then udevadm settle; fi"
_DENIED = "<access denied>"


def ask(session: Session) -> Answers:
    """The guest's answers. Raises GuestError, also for a user or a guest that cannot answer."""
    _must_be_root(session)
    _must_have_lspci(session)
    _run(session, "udevadm settle", _SETTLE)
    listing = _run(session, LSPCI, LSPCI)
    if _DENIED in listing:
        raise GuestError(
            f"lspci in the guest prints {_DENIED}: its kernel does not let root read all of PCI's "
            "configuration space"
        )
    script = files("pciabi.guest").joinpath("interfaces.sh").read_text()
    return Answers(
        lspci=listing,
        interfaces=interfaces.parse(_run(session, "the interfaces script", script)),
        release=_run(session, RELEASE, RELEASE).strip(),
        firmware_interfaces=tuple(
            _run(session, FIRMWARE_INTERFACES, f"{FIRMWARE_INTERFACES} || :").split()
        ),
        bios=" ".join(_run(session, BIOS, f"{BIOS} 2>/dev/null || :").split()) or "unknown",
    )


def _run(session: Session, name: str, script: str) -> str:
    return session.run_script(f"# {name}\n{_ENVIRONMENT}{script}")


def _must_be_root(session: Session) -> None:
    user = _run(session, "id -u", "id -u").strip()
    if user != "0":
        raise GuestError(
            f"the user in the guest is not root but has the id {user[:20]}; to such a user lspci "
            f"shows 64 bytes of a function and {_DENIED}",
            advice="log in as root",
        )


def _must_have_lspci(session: Session) -> None:
    if not _run(session, "command -v lspci", "command -v lspci || :").strip():
        raise GuestError(
            "the guest has no lspci", advice="install its package pciutils into the guest"
        )
