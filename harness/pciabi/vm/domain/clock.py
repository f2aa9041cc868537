"""The clock: `-rtc`, and timers that are devices of their own.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildClockCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from types import MappingProxyType

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Trait
from pciabi.vm.domain.numbers import number, switch
from pciabi.vm.domain.vocabulary import Vocabulary, chosen, must_know
from pciabi.vm.domain.words import Form, Property, Value, flag, option, stated
from pciabi.vm.xml_tree import Element

_NOW = "how far from the host's clock it is, which changes while it is read"
_VOCABULARY = Vocabulary(
    frozenset({"@offset", "@start", "timer", "timer@name", "timer@present", "timer@track"})
    | {"timer@tickpolicy", "timer@frequency"},
    {
        "@adjustment": _NOW,
        "@basis": _NOW,
        "@timezone": _NOW,
        "timer@mode": "of other hypervisors",
        "timer/catchup": "how missed ticks are made up for",
        "timer/catchup/**": "how missed ticks are made up for",
    },
)
_BASES: Mapping[str, str | None] = MappingProxyType(
    {
        "utc": "utc",
        "localtime": "localtime",
        "timezone": "localtime",
        # The time at which it starts: nobody's fact.
        "variable": "utc",
        "absolute": None,
    }
)
_TRACKS: Mapping[str, str | None] = MappingProxyType(
    {"guest": "vm", "wall": "host", "realtime": "rt", "": None}
)
_RTC_POLICIES: Mapping[str, str | None] = MappingProxyType(
    {"catchup": "slew", "delay": None, "": None}
)
_PIT_POLICIES: Mapping[str, str | None] = MappingProxyType(
    {"discard": "discard", "delay": "delay", "": "delay", "catchup": None}
)
_TIMERS = frozenset({"rtc", "pit", "hpet", "tsc", "kvmclock", "hypervclock"})


def options(domain: Domain) -> Iterator[Option]:
    """`-rtc`, and what else is said of timers that the machine or the processor do not have.
    Raises InputError."""
    clock = domain.root.merged("clock")
    if clock is None:
        yield option("rtc", stated(domain.root, ("base", "utc")), Form.KEY_VALUE)
        return
    must_know(clock, _VOCABULARY)
    timers = list(clock.all("timer"))
    for timer in timers:
        chosen(clock, "timer name", timer.attributes.get("name", ""), dict.fromkeys(_TIMERS), timer)
    rtc = next((timer for timer in timers if timer.attributes.get("name") == "rtc"), None)
    ticks = _ticks(clock, rtc) if rtc is not None else ()
    yield option("rtc", (*stated(clock, ("base", _base(clock))), *ticks), Form.KEY_VALUE)
    for timer in timers:
        yield from _device(domain, clock, timer)


def _base(clock: Element) -> Value:
    offset = clock.attributes.get("offset", "utc")
    base = chosen(clock, "offset", offset, _BASES)
    if base is not None:
        return base
    try:
        start = datetime.fromtimestamp(number(clock, "start"), UTC)
    except (ValueError, OverflowError, OSError):
        raise InputError("<clock>: its start is no time", place=clock.start) from None
    return start.strftime("%Y-%m-%dT%H:%M:%S")


def _ticks(clock: Element, rtc: Element) -> tuple[Property, ...]:
    track, policy = (rtc.attributes.get(name, "") for name in ("track", "tickpolicy"))
    return stated(
        rtc,
        ("clock", chosen(clock, "timer track", track, _TRACKS, rtc)),
        ("driftfix", chosen(clock, "timer tickpolicy", policy, _RTC_POLICIES, rtc)),
    )


def _device(domain: Domain, clock: Element, timer: Element) -> Iterator[Option]:
    name = timer.attributes.get("name")
    if name == "hpet" and switch(timer, "present") is False:
        if not domain.dialect.has(Trait.HPET_OF_MACHINE):
            yield flag("no-hpet", timer.start)
    elif name == "pit":
        policy = timer.attributes.get("tickpolicy", "")
        lost = chosen(clock, "timer tickpolicy", policy, _PIT_POLICIES, timer)
        if lost is not None:
            pair = stated(timer, ("kvm-pit.lost_tick_policy", lost))
            yield option("global", pair, Form.KEY_VALUE)
