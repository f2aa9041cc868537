"""The allow-list: what becomes of each option, and why. An option that is not here is refused."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from pciabi.qemu.inert import (
    blocks,
    characters,
    devices,
    machine,
    network,
    objects,
    processors,
)
from pciabi.qemu.inert.statement import Stated, Statement, Surroundings, kept, left_out

Treatment = Callable[[Statement, Surroundings], Stated]


@dataclass(frozen=True)
class OptionRule:
    """How one option is treated, None for one that is dropped without a word, and why."""

    treatment: Treatment | None
    reason: str


def _alone(treatment: Callable[[Statement], Stated]) -> Treatment:
    """A treatment for which the rest of the command line does not matter."""

    def treated(statement: Statement, around: Surroundings) -> Stated:
        del around
        return treatment(statement)

    return treated


def _told(statement: Statement) -> Stated:
    """Left out, and that said: the guest would have noticed, if not on PCI."""
    return left_out(f"-{statement.name}")


def _rows(names: str, treatment: Treatment | None, reason: str) -> Iterable[tuple[str, OptionRule]]:
    return ((name, OptionRule(treatment, reason)) for name in names.split())


OPTION_RULES: Mapping[str, OptionRule] = MappingProxyType(
    dict(
        (
            # What the guest sees, and nothing of the host.
            *_rows("smp", processors.smp, "shapes the machine; KVM's number is not to be had"),
            *_rows("numa", processors.numa, "shapes the machine"),
            *_rows("nodefaults", _alone(kept), "decides which devices there are"),
            *_rows("vga usb soundhw", _alone(kept), "makes devices of QEMU's own"),
            *_rows("watchdog", _alone(machine.watchdog), "makes a device of QEMU's own"),
            *_rows("no-acpi no-hpet", _alone(machine.switched_off), "shapes the machine"),
            *_rows("win2k-hack no-fd-bootchk", _alone(kept), "a quirk of emulated disks"),
            *_rows("uuid rtc", _alone(kept), "what the guest reads of itself"),
            # What the guest sees, with parts that touch the host.
            *_rows("machine", machine.machine, "the type stays, accelerator and files go"),
            *_rows("cpu", machine.processor, "the model stays; KVM's own is not to be had"),
            *_rows("m", _alone(kept), "shapes the machine"),
            *_rows("boot", _alone(machine.boot), "the order stays, a picture's file goes"),
            *_rows("smbios", _alone(machine.smbios), "tables stay, files and free strings go"),
            *_rows("acpitable", _alone(machine.acpitable), "its content is in a file"),
            *_rows("device", devices.device, "by driver and property"),
            *_rows("global", _alone(devices.global_), "by property"),
            *_rows("object", objects.object_, "by type"),
            *_rows("drive", blocks.drive, "the image goes"),
            *_rows("blockdev", blocks.blockdev, "the image goes"),
            *_rows("fda fdb hda hdb hdc hdd cdrom", _alone(blocks.short_drive), "an image"),
            *_rows("sd mtdblock", _alone(blocks.short_drive), "an image"),
            ("disk image", OptionRule(_alone(blocks.short_drive), "an image")),
            *_rows("netdev", network.netdev, "the connection goes"),
            *_rows("nic", network.nic, "the NIC stays, the connection goes"),
            *_rows("net", _alone(network.net), "the NIC stays, the connection goes"),
            *_rows("chardev", characters.chardev, "the connection goes"),
            *_rows("serial parallel debugcon", _alone(characters.legacy_port), "the port stays"),
            *_rows("fsdev", characters.fsdev, "the folder goes"),
            *_rows("virtfs", _alone(characters.virtfs), "the device stays, the folder goes"),
            *_rows("audiodev", _alone(characters.audiodev), "the host's sound goes"),
            *_rows("audio", _alone(characters.audio), "the device stays, the host's sound goes"),
            *_rows("usbdevice", _alone(characters.usb_device), "emulated ones stay"),
            *_rows("tpmdev", characters.tpmdev, "there is no inert one"),
            # What is for a guest that runs.
            *_rows("bios pflash", _alone(_told), "no firmware runs; the file is not opened"),
            *_rows("kernel initrd append dtb shim option-rom", _alone(_told), "no guest runs"),
            *_rows("fw_cfg", _alone(_told), "firmware data: files, and strings that may be secret"),
            *_rows("L", _alone(_told), "a folder of firmware, which is not opened"),
            *_rows("loadvm incoming", _alone(_told), "no saved state is read, nothing listens"),
            *_rows("mem-path", _alone(_told), "memory is nobody's file"),
            # What is about the process, the host or the way it is run.
            *_rows("mem-prealloc overcommit", None, "how the host treats memory"),
            *_rows("accel enable-kvm no-kvm hax tb-size", None, "nothing runs"),
            *_rows("no-kvm-irqchip no-kvm-pit no-kvm-pit-reinjection", None, "nothing runs"),
            *_rows("icount singlestep semihosting semihosting-config", None, "nothing runs"),
            *_rows("display nographic vnc spice sdl curses", None, "the host's display"),
            *_rows("full-screen no-frame alt-grab ctrl-grab no-quit", None, "the host's display"),
            *_rows("show-cursor k g portrait rotate", None, "the host's display"),
            *_rows("monitor qmp qmp-pretty mon qtest qtest-log", None, "an interface to the host"),
            *_rows("gdb s", None, "listens on the host"),
            *_rows("name id msg compat echr", None, "about the process"),
            *_rows("pidfile daemonize runas chroot run-with", None, "about the process"),
            *_rows("sandbox async-teardown enable-fips realtime", None, "about the process"),
            *_rows("add-fd", None, "descriptors nothing refers to any more"),
            *_rows("d D dfilter trace perfmap jitdump", None, "writes logs"),
            *_rows("enable-sync-profile dump-vmstate writeconfig", None, "writes files"),
            *_rows("S preconfig no-reboot no-shutdown action", None, "how a guest is run"),
            *_rows("watchdog-action seed snapshot", None, "how a guest is run"),
            *_rows("only-migratable", None, "adds nothing, and would refuse stand-ins"),
            *_rows("no-user-config nodefconfig", None, "always set here"),
            *_rows("iscsi plugin", None, "code or connections of the host's"),
        )
    )
)
"""Option to rule."""

REFUSED: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("xen-domid", "xen-attach", "xen-domid-restrict"), "needs Xen"),
        **dict.fromkeys(("prom-env", "old-param"), "belongs to other machines than PCs"),
        **dict.fromkeys(("balloon", "pcidevice"), "no QEMU since 5.2 takes it"),
        **dict.fromkeys(("redir", "smb", "tftp", "bootp", "bt"), "no QEMU since 5.2 takes it"),
        **dict.fromkeys(("clock", "startdate", "tdf"), "no QEMU since 5.2 takes it"),
        "rtc-td-hack": "no QEMU since 5.2 takes it",
        **dict.fromkeys(("help", "version", "audio-help"), "prints something and starts nothing"),
    }
)
"""Recorded options that are refused, and why."""
