"""What a QEMU that ended wrote about it, taken apart. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from pciabi.probe.makers import may_have_made
from pciabi.qemu.inert.origin import Origin, by_line, in_creation_order

# QEMU puts the name it was started under in front of what it says.
_SPOKEN = re.compile(r"(?:\S*/)?\S*(?:qemu|kvm)\S*: (?P<words>\S.*)", re.IGNORECASE)
_HARMLESS = re.compile(r"(?:.*: )?(?:warning|info): ")
# Options of pciabi's own: QEMU lacks what is needed to be read, whatever the user's VM is.
_OURS = re.compile(
    r"-(?:accel|display|mon|qtest|qtest-log|S|no-user-config)\b(?!,)"
    r"|-chardev socket,id=(?:pciabi-\w+|qtest),"
)
# What is wrong with the host, or with QEMU's own files, and not with the VM.
_OF_THE_HOST = re.compile(
    r"failed to find romfile|could not load PC BIOS|[Cc]annot allocate memory|Out of memory"
    r"|Too many open files|Resource temporarily unavailable|No space left on device"
    r"|Permission denied|Input/output error"
)
_ABOUT_MEMORY = re.compile(
    r"\b(?:memory|ram|maxmem|dimm)\b|backing store|phys-bits|Address space limit", re.IGNORECASE
)
# QEMU quotes no option where it judges the machine as a whole: words to the options they mean.
_UNQUOTED: Sequence[tuple[re.Pattern[str], tuple[str, ...]]] = (
    (re.compile(r"unsupported machine type|-machine\.|Memory backend '"), ("machine",)),
    (re.compile(r"CPU model|-cpu\.|x86_64-cpu|\bCPUID\b"), ("cpu",)),
    (
        re.compile(r"\bSMP\b|topology|smp\.|(?:max_?)?cpus\b|APIC ID|-smp\b"),
        ("smp", "machine", "cpu"),
    ),
    (re.compile(r"NUMA|\bnuma\b|\bnode(?:id)?\b"), ("numa",)),
    (_ABOUT_MEMORY, ("m", "object", "machine")),
    (re.compile(r"boot device|bootdevice|\bboot\b", re.IGNORECASE), ("boot",)),
    (re.compile(r"\bvga\b", re.IGNORECASE), ("vga",)),
    (re.compile(r"NIC model|\bnic\b"), ("nic", "net")),
    (re.compile(r"datetime|\brtc\b|clock", re.IGNORECASE), ("rtc",)),
    (re.compile(r"\bsmbios\b", re.IGNORECASE), ("smbios",)),
)
_QUOTED = re.compile(r"['\"]([^'\"]+)['\"]")
# QEMU before 6.1 tells no id.
_IN_USE = re.compile(r"in use by (?P<driver>[^,\s]+)(?:,id=(?P<id>\S+))?")
_GLOBAL = re.compile(r"can't apply global ([^:\s]+): ")
_TAKEN = re.compile(r"in use|exists|[Dd]uplicate|not available|already")
_SLOT = re.compile(r"slot (\d+) function (\d)")
_ADDRESS = re.compile(r"(?:0x)?([0-9a-f]+)(?:\.([0-7]))?", re.IGNORECASE)
_NO_ID = "(null)"


def spoken(text: str) -> str | None:
    """The last thing an ended QEMU said that is no warning, without its name; None for another
    program's words."""
    lines = [match["words"] for line in text.splitlines() if (match := _SPOKEN.match(line))]
    return next((line for line in reversed(lines) if not _HARMLESS.match(line)), None)


def is_of_the_vm(words: str) -> bool:
    """Whether QEMU complains of the VM, and not of the host or of what pciabi asked for."""
    return not (_OURS.match(words) or _OF_THE_HOST.search(words) or "invalid option" in words)


def is_of_memory(words: str) -> bool:
    """Whether it is about the memory of the guest."""
    return _ABOUT_MEMORY.search(words) is not None


def option_of(words: str, origins: Sequence[Origin]) -> Origin | None:
    """The option of the user's that a complaint is about: the one it quotes; else the one its
    words mean, or that says what they quote."""
    applied = _GLOBAL.search(words)
    if applied:
        return next((o for o in reversed(origins) if o.given == f"-global {applied[1]}"), None)
    quoted = [origin for origin in origins if words.startswith(f"{origin.given}: ")]
    quoted = quoted or [origin for origin in origins if origin.given in words]
    if quoted:
        longest = max(len(origin.given) for origin in quoted)
        same = [origin for origin in quoted if len(origin.given) == longest]
        # Of equal ones the second takes a slot, an id or a drive that the first has.
        return same[1] if len(same) > 1 and _TAKEN.search(words) else same[0]
    unknown = re.match(r"-(\S+): invalid option", words)
    if unknown:
        return next((origin for origin in origins if origin.name == unknown[1]), None)
    values = [value for text in _QUOTED.findall(words) for value in (text, text.split(".")[-1])]
    values += re.findall(r"[:=(] ?([\w.-]+)\)?\Z", words)
    for pattern, names in _UNQUOTED:
        if pattern.search(words):
            meant = [o for name in names for o in reversed(origins) if o.name == name]
            saying = [o for o in meant if any(_says(o, value) for value in values)]
            return next(iter(saying or meant), None)
    said = [origin for origin in origins if any(_says(origin, value) for value in values)]
    return said[0] if len(said) == 1 else None


def _says(origin: Origin, value: str) -> bool:
    return re.search(rf"(?<![\w-]){re.escape(value)}(?![\w-])", origin.given) is not None


def in_own_words(words: str, about: Origin | None, origins: Sequence[Origin]) -> str:
    """A complaint without the option it quotes, every device in it under the user's own name."""
    for origin in origins:
        words = words.removeprefix(f"{origin.given}: ")
    if about is not None:
        words = _without_stand_in(words, about)
    slot = _SLOT.search(words)
    place = (int(slot[1]), int(slot[2])) if slot else None
    words = _IN_USE.sub(lambda match: f"in use by {_holder(match, about, origins, place)}", words)
    for origin in origins:
        made_up = origin.device.given.id if origin.device is not None else None
        if made_up is not None and made_up != (origin.device and origin.device.id):
            words = words.replace(made_up, origin.label)
    return words


def _without_stand_in(words: str, about: Origin) -> str:
    device = about.device
    if device is None or device.driver == device.given.driver:
        return words
    return re.sub(rf"\b{re.escape(device.given.driver)}(?![\w-])", device.driver, words)


def _holder(
    match: re.Match[str],
    about: Origin | None,
    origins: Sequence[Origin],
    place: tuple[int, int] | None,
) -> str:
    """Who is in a slot. Of devices of one driver QEMU does not say which, but for their ids: those
    that were created before the one it refuses and may be there."""
    if match["id"] not in (None, _NO_ID):
        same = [o for o in origins if o.device is not None and o.device.given.id == match["id"]]
        return _named_by_line(same[0]) if same else f"{match['id']} ({match['driver']})"
    earlier: list[Origin] = []
    for origin in in_creation_order(tuple(origins)):
        if origin is about:
            break
        given = origin.device.given if origin.device is not None else None
        if (
            given is not None
            and (given.id is None or match["id"] is None)
            and _is_driver(given.driver, match["driver"])
            and _pinned_at(given.addr) in (None, place)
        ):
            earlier.append(origin)
    if not earlier:
        others = may_have_made(match["driver"], origins)
        lines = (by_line(match["driver"], origin.place) for origin in others)
        return " or ".join(lines) or f"{match['driver']}, which QEMU adds itself"
    return " or ".join(dict.fromkeys(map(_named_by_line, earlier)))


def _pinned_at(addr: str | None) -> tuple[int, int] | None:
    match = _ADDRESS.fullmatch(addr or "")
    return (int(match[1], 16), int(match[2] or "0")) if match else None


def _is_driver(written: str, driver: str) -> bool:
    # QEMU's aliases leave out the bus: virtio-net stands for virtio-net-pci.
    return driver in (written, f"{written}-pci")


def _named_by_line(origin: Origin) -> str:
    assert origin.device is not None
    if origin.device.id is None:
        return origin.label
    return by_line(origin.label, origin.place)
