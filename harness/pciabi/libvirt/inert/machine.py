"""The children of `<domain>` but its devices: the machine stays, host, files and processor go."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType

from pciabi.abi.snapshot import ACPI_TABLES, SMBIOS_TABLES
from pciabi.libvirt.inert.allow_list import described, refused
from pciabi.libvirt.inert.common import (
    Treatment,
    Turn,
    containing,
    having,
    made,
    whole,
    without,
)
from pciabi.libvirt.inert.common import child_of_domain as child
from pciabi.vm.xml_tree import Element

ACCESS_PLATFORM = "virtio features of confidential guests"
_NO_ID = "00000000-0000-4000-8000-706369616269"
_X86 = ("x86_64", "i686")


def _os(kept: Element, turn: Turn) -> Element:
    type_ = turn.element.child("type")
    if type_ is not None:
        arch = type_.attributes.get("arch", _X86[0])
        if type_.text.strip() not in ("hvm", "") or arch not in _X86:
            raise refused(type_, "is no PC: pciabi compares PCs")
    if turn.element.child("acpi") is not None:
        turn.record.tell("<os><acpi>", "left out", ACPI_TABLES)
    smbios = turn.element.child("smbios")
    if smbios is not None and smbios.attributes.get("mode") == "host":
        turn.record.tell("<smbios mode='host'>", "left out", SMBIOS_TABLES)
        kept = without(kept, "smbios")
    return kept


OS: Treatment = child(
    """
    type: arch machine #
    boot: dev
    bootmenu: enable timeout
    bios: useserial rebootTimeout
    smbios: mode
    """,
    """
    : firmware
    acpi:
    firmware:
    loader:
    nvram:
    varstore:
    kernel:
    initrd:
    cmdline:
    shim:
    dtb:
    """,
    _os,
)


def _features(kept: Element, turn: Turn) -> Element:
    del turn
    ioapic = kept.child("ioapic")
    is_kvms = ioapic is not None and ioapic.attributes.get("driver") == "kvm"
    return without(kept, "ioapic") if is_kvms else kept


FEATURES: Treatment = child(
    """
    acpi:
    apic:
    pae:
    smm: state
    smm/tseg: unit #
    vmport: state
    vmcoreinfo: state
    ps2: state
    ioapic: driver
    """,
    """
    apic: eoi
    async-teardown:
    hap:
    hyperv:
    kvm:
    msrs:
    pmu:
    privnet:
    pvspinlock:
    tcg:
    viridian:
    xen:
    """,
    _features,
)


def _cpu(kept: Element, turn: Turn) -> Element | None:
    """Topology and NUMA cells shape the machine; the model needs a processor that has it."""
    if turn.element.attributes or len(turn.element.children) > len(kept.children):
        turn.record.tell(described(turn.element), "QEMU's own model")
    return kept if kept.children else None


CPU: Treatment = child(
    """
    topology: sockets dies clusters modules cores threads
    numa/cell: id cpus memory unit memAccess
    numa/cell/distances/sibling: id value
    numa/cell/cache: level associativity policy
    numa/cell/cache/size: value unit
    numa/cell/cache/line: value unit
    numa/interconnects/latency: initiator target cache type value
    numa/interconnects/bandwidth: initiator target cache type value unit
    """,
    """
    : mode match check migratable deprecated_features
    model:
    vendor:
    feature:
    cache:
    maxphysaddr:
    numa/cell: discard
    """,
    _cpu,
)


def _memory_backing(kept: Element, turn: Turn) -> Element | None:
    """What daemons share with the guest stays shared: devices that they serve want it."""
    if turn.element.child("hugepages") is not None and kept.child("access") is not None:
        kept = containing(kept, made(kept, "source", type="memfd"))
    source = kept.child("source")
    if source is not None and source.attributes.get("type") == "file":
        turn.record.tell("<memoryBacking><source type='file'>", "<source type='memfd'>")
        kept = containing(kept, having(source, type="memfd"))
    return kept if kept.children else None


MEMORY_BACKING: Treatment = child(
    """
    source: type
    access: mode
    """,
    """
    hugepages:
    nosharepages:
    locked:
    allocation:
    discard:
    """,
    _memory_backing,
)


def _clock(kept: Element, turn: Turn) -> Element:
    del turn
    return having(kept, offset="utc")


CLOCK: Treatment = child(
    "timer: name present track tickpolicy frequency mode",
    ": offset adjustment basis timezone start\ntimer/catchup:",
    _clock,
)


def _sysinfo(kept: Element, turn: Turn) -> Element | None:
    if kept.attributes.get("type") != "smbios":
        turn.record.tell(described(turn.element))
        return None
    for group in kept.children:
        for entry in group.children:
            if entry.attributes.get("file"):
                raise refused(entry, "SMBIOS strings name no files")
    return kept


SYSINFO: Treatment = child(
    """
    : type
    bios/entry: name #*
    system/entry: name #*
    baseBoard/entry: name #*
    chassis/entry: name #*
    oemStrings/entry: #*
    """,
    "entry:",
    _sysinfo,
)


def _genid(kept: Element, turn: Turn) -> Element:
    """libvirt would make an empty one up, at random, at every define."""
    del turn
    return kept if kept.text else replace(kept, text=_NO_ID)


def _left_out(kept: Element, turn: Turn) -> None:
    del kept
    turn.record.tell(described(turn.element))


def _without_a_word(kept: Element, turn: Turn) -> None:
    """What nobody misses: it says nothing of the machine."""
    del kept, turn


def _launch_security(kept: Element, turn: Turn) -> None:
    """QEMU switches on `iommu_platform` and off legacy virtio of all virtio devices of a
    confidential guest: hw/core/machine.c, machine_run_board_init."""
    del kept
    turn.record.tell(described(turn.element), "left out", ACCESS_PLATFORM)


CHILDREN: Mapping[str, Treatment] = MappingProxyType(
    {
        "os": OS,
        "features": FEATURES,
        "cpu": CPU,
        "memoryBacking": MEMORY_BACKING,
        "clock": CLOCK,
        "sysinfo": SYSINFO,
        "uuid": child(": #"),
        "genid": child(": #", "", _genid),
        "memory": child(": unit #", ": dumpCore"),
        "currentMemory": child(": unit #"),
        "maxMemory": child(": unit slots #"),
        "vcpu": child(": current #", ": placement cpuset"),
        "vcpus": child("vcpu: id enabled hotpluggable order"),
        "iothreads": child(": #"),
        "iothreadids": child(
            "iothread: id", "iothread: thread_pool_min thread_pool_max\niothread/poll:"
        ),
        "on_poweroff": child(": #"),
        "on_reboot": child(": #"),
        "on_crash": child(": #"),
        "pm": child("suspend-to-mem: enabled\nsuspend-to-disk: enabled"),
        "launchSecurity": whole(_launch_security),
        **dict.fromkeys(
            ("name", "title", "description", "metadata", "on_lockfailure"),
            whole(_without_a_word),
        ),
        **dict.fromkeys(
            (
                *("blkiotune", "memtune", "cputune", "numatune", "resource", "perf", "idmap"),
                *("keywrap", "seclabel", "defaultiothread", "throttlegroups"),
            ),
            whole(_left_out),
        ),
    }
)
"""Child of `<domain>` to treatment; `<devices>` and what is of QEMU's namespace are apart."""
