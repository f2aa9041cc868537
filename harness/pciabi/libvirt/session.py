"""What a libvirt makes of domains: what it completes at define, and how it starts a QEMU.

No daemon and no root: virsh has the whole QEMU driver within itself (`qemu:///embed`), in a
sandbox. No QEMU is started for a domain, unless `started` is asked for.
"""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from pciabi import descent
from pciabi.errors import InputError, LibvirtError, Refusal, SourcePosition
from pciabi.libvirt import capabilities, complaint, conversation, emulator, place, sandbox
from pciabi.libvirt.conversation import Answer, Conversation
from pciabi.libvirt.installation import Libvirt
from pciabi.vm import xml_tree
from pciabi.vm.domain import kind
from pciabi.vm.xml_tree import Element
from pciabi.workspace import workspace

EMULATOR = str(place.EMULATOR)
"""The `<emulator>` of every domain here: what is written there before is replaced by it."""
_FILE = "domain.xml"
_UUID = re.compile(r"^[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}$", re.MULTILINE)
_DECLARATION = re.compile(r"^\s*<\?xml\b[^>]*\?>")
_EMULATOR = re.compile(r"<emulator\s*>([^<]*)</emulator\s*>")
_UNDEFINE = "undefine --nvram --managed-save --snapshots-metadata --checkpoints-metadata"
# What is said of a domain that was here before, and not of the one that is defined.
_LEFT_OVER = re.compile(r"already (?:exists|defined)|failed to get domain", re.IGNORECASE)
_MOST_CAPTURED = 16_000_000


class Refused(Refusal):
    """libvirt does not take a domain, or does not start it. `words` are its own, in one line; the
    place is in the XML that it was given, by the name that came with it."""

    def __init__(self, libvirt: Libvirt, words: str, position: SourcePosition) -> None:
        super().__init__(
            f"libvirt {libvirt.version_text} refuses the domain: {words}", place=position
        )
        self.words = words
        self.refused_by = f"libvirt {libvirt.version_text}"


class Session:
    """A libvirt that is asked, from whatever thread: one question at a time."""

    def __init__(self, libvirt: Libvirt, folder: Path, virsh: Conversation) -> None:
        self.libvirt = libvirt
        self._folder = folder
        self._virsh = virsh
        # Within `started` a thread may ask of others.
        self._lock = threading.RLock()
        self.is_spoilt = False
        """Whether its virsh has ended, or something of an earlier domain is left, which could be
        taken for a later one's. libvirt 7.0 was seen not to forget one: what it does late of a QEMU
        that has ended finds the next domain of the same UUID."""

    def define(self, xml: str, file: str = _FILE) -> str:
        """The defined XML of a domain: every address and controller is written in it.

        `file` is what errors call the XML. Raises InputError for what is no domain of QEMU's,
        Refused, LibvirtError.
        """
        with self._defined(xml, file) as uuid:
            return self._told(f"dumpxml --inactive {uuid}")

    def command_line(self, xml: str, file: str = _FILE) -> tuple[str, ...]:
        """The arguments with which libvirt starts the QEMU of a domain, without the program's
        name. Raises as `define`."""
        captured = self._outside(place.CAPTURED)
        with self._defined(xml, file) as uuid:
            captured.unlink(missing_ok=True)
            said = self._ask(f"start --paused {uuid}").complaint
            try:
                with captured.open("rb") as opened:
                    raw = opened.read(_MOST_CAPTURED)
            except FileNotFoundError:
                raise self._refused(said, xml, file) from None
        return emulator.captured(raw)

    @contextmanager
    def started(self, xml: str, file: str = _FILE) -> Iterator[tuple[str, ...]]:
        """A domain that really runs, paused, for the time of the block: the arguments of its QEMU,
        as the kernel has them, without the program's name. Raises as `define`."""
        starting = self._outside(place.STARTING)
        with self._defined(xml, file) as uuid:
            starting.touch()
            try:
                said = self._ask(f"start --paused {uuid}").complaint
            finally:
                starting.unlink()
            if said:
                raise self._refused(said, xml, file)
            try:
                yield self._running(uuid)
            finally:
                # It may have ended by itself, and then there is nothing to end.
                self._ask(f"destroy {uuid}")

    @contextmanager
    def _defined(self, xml: str, file: str) -> Iterator[str]:
        """The UUID of a domain that is defined within the block."""
        text = _with_our_emulator(xml, file)
        with self._lock:
            before = self._uuids()
            self._outside(place.DOMAIN).write_bytes(text.encode(errors="replace"))
            said = self._ask(f"define {place.DOMAIN}").complaint
            if said and not _LEFT_OVER.search(said):
                raise self._refused(said, xml, file)
            if said:
                raise self._spoilt(complaint.words(said))
            new = self._uuids() - before
            if len(new) != 1:
                raise self._spoilt(f"it has defined {len(new)} domains of one")
            (uuid,) = new
            try:
                yield uuid
            finally:
                # What was asked is answered: one that is not forgotten spoils what is asked next.
                if self._ask(f"{_UNDEFINE} {uuid}").complaint:
                    self.is_spoilt = True

    def _ask(self, command: str) -> Answer:
        """The answer to a command; a virsh that does not answer is asked no more."""
        try:
            return self._virsh.ask(command)
        except LibvirtError:
            self.is_spoilt = True
            raise

    def _spoilt(self, why: str) -> LibvirtError:
        """The error for what is no fault of the domain's; from then on nobody should ask here."""
        self.is_spoilt = True
        return LibvirtError(f"{self.libvirt.name}: {why}", advice="run it again")

    def _uuids(self) -> frozenset[str]:
        """Those of all domains that there are."""
        return frozenset(_UUID.findall(self._told("list --all --uuid")))

    def _told(self, command: str) -> str:
        answer = self._ask(command)
        if answer.complaint:
            raise LibvirtError(f"{self.libvirt.name}: {complaint.words(answer.complaint)}")
        return answer.text

    def _refused(self, said: str, xml: str, file: str) -> Refused:
        words = complaint.words(said) or "it does not say why"
        at = complaint.place(words, _domain(xml, file))
        # Where libvirt finds the QEMU is a path of ours that nobody else can open.
        return Refused(self.libvirt, words.replace(EMULATOR, place.EMULATOR.name), at)

    def _running(self, uuid: str) -> tuple[str, ...]:
        """The arguments of the QEMU that runs a domain. Raises LibvirtError where none does."""
        for pid in descent.descendants(self._virsh.program.popen.pid):
            # It may have ended meanwhile.
            with suppress(OSError):
                words = emulator.captured(Path(f"/proc/{pid}/cmdline").read_bytes())
                if "-name" in words and uuid in words:
                    return words[words.index("-name") :]
        raise LibvirtError(f"{self.libvirt.name} has started a domain, and no QEMU runs")

    def _outside(self, inside: Path) -> Path:
        return sandbox.outside(self._folder, inside)


@contextmanager
def opened(libvirt: Libvirt) -> Iterator[Session]:
    """A libvirt that may be asked within the block; nothing is left of it behind.

    What it knows of its QEMU is kept in the cache: the first session with both takes longer.
    Raises LibvirtError, PackageError as `capabilities.ensure`, Interrupted.
    """
    known = capabilities.ensure(libvirt)
    with workspace() as folder:
        sandbox.prepare(folder)
        known.lay_into(folder)
        with conversation.in_sandbox(libvirt, folder, known.emulator) as virsh:
            yield Session(libvirt, folder, virsh)


def _domain(xml: str, file: str) -> Element:
    """The one domain in a text. Raises InputError for another hypervisor's, none, or several."""
    roots = xml_tree.read(file, xml).children
    start = SourcePosition(file, 1)
    if len(roots) != 1 or roots[0].name != "domain":
        raise InputError("is not the XML of one domain", place=start)
    other = kind.other_hypervisor(roots[0])
    if other is not None:
        raise InputError(f"a domain of {other}, which is no QEMU", place=roots[0].start)
    return roots[0]


def _with_our_emulator(xml: str, file: str) -> str:
    """The XML with our emulator in place of its own, line by line as it was. Raises InputError."""
    # It is written down in UTF-8, whatever it was read in.
    plain = _DECLARATION.sub(lambda match: "\n" * match[0].count("\n"), xml)
    text = _EMULATOR.sub(
        lambda match: f"<emulator>{EMULATOR}</emulator>" + "\n" * match[0].count("\n"), plain
    )
    for written in _domain(text, file).below("emulator"):
        if written.text != EMULATOR:
            raise InputError("an <emulator> that holds more than a path", place=written.start)
    return text
