"""What a file is that a user names as something to read hardware from: told by its content."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path

from pciabi.bounded_files import read_limited
from pciabi.errors import InputError, SourcePosition
from pciabi.snapshots import version
from pciabi.source import pasted, printing_commands
from pciabi.vm import config_text, formats

_FIRST_BYTES = 4_000_000


class Content(StrEnum):
    """What a file holds: a reading of hardware, or the configuration of a VM to be read."""

    SNAPSHOT = "snapshot"
    LSPCI = "text of lspci"
    SCENARIO = "scenario"
    COMMAND_LINE = "QEMU command line"
    DOMAIN = "libvirt domain"

    @property
    def is_recorded(self) -> bool:
        """Whether the hardware was read already."""
        return self in (Content.SNAPSHOT, Content.LSPCI)


_STARTED = {
    "qemu": Content.COMMAND_LINE,
    "scenario": Content.SCENARIO,
    "libvirt": Content.DOMAIN,
}


def bytes_of(path: Path) -> bytes:
    """The file's bytes, without the prompt in front of a pasted lspci.

    Raises InputError where it cannot be read or is too large.
    """
    return pasted.without_prompt(read_limited(path, version.MAX_BYTES))


def content_of(path: Path, raw: bytes) -> Content:
    """What the file holds. Raises InputError for something else."""
    if version.is_snapshot(raw):
        return Content.SNAPSHOT
    if pasted.is_lspci(raw):
        return Content.LSPCI
    pasted.must_tell_ids(path, raw)
    text = config_text.decoded(raw[:_FIRST_BYTES], str(path), "replace")
    found = formats.detect(text)
    content = _STARTED.get(found.name) if found is not None else None
    if content is not None:
        return content
    unstarted = printing_commands.unstarted(text, found)
    if unstarted is not None:
        raise NotStarted(path, *unstarted)
    raise NoConfiguration(path)


_NONE = "neither a snapshot, nor lspci's text, a scenario, a QEMU command line or a libvirt domain"


class NoConfiguration(InputError):
    """A file that is none of what can be read: for whoever searches a folder, no VM's."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            _NONE,
            advice="`pciabi snapshot` makes a snapshot; lspci -nn -vvv -xxxx prints a text to save",
            place=SourcePosition(str(path), 1),
        )


class NoVm(NoConfiguration):
    """A file that holds no VM to be started, though it may be meant to."""

    def __init__(self, path: Path, what: str = "") -> None:
        super().__init__(path)
        self.message = what or "neither a scenario, a QEMU command line nor a libvirt domain"
        self.advice = (
            "a script, libvirt's log or /proc/PID/cmdline holds a command line; `pciabi schema "
            "scenario` says what a scenario is"
        )


class NotStarted(InputError):
    """A VM's configuration of a kind that nothing here starts."""

    def __init__(self, path: Path, kind: str, command: str) -> None:
        super().__init__(
            f"{_NONE}, but {kind}, which only `lint` reads (yet)",
            advice=command,
            place=SourcePosition(str(path), 1),
        )
