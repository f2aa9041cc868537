"""What QEMU 11.1 sets for old machine types of PCI devices, by its own `query-machines`, each with
a command line that has the device and what a comparison says of it.

A row is set for a machine type and all older ones, so it shows between that and the next newer.
"""

from __future__ import annotations

from dataclasses import dataclass

NIC = "mac=52:54:00:00:00:01"
PORT = ("-device", "pcie-root-port,id=port0,chassis=1,slot=1,addr=2")
_MEMORY = (
    *("-m", "256M,slots=2,maxmem=1G"),
    *("-object", "memory-backend-ram,id=m0,size=128M"),
)
_DISK = ("-blockdev", "null-co,node-name=d0,size=67108864,read-zeroes=on")
_BENIGN, _NOTABLE, _BREAKING = "benign", "notable", "breaking"

Said = tuple[str, str, str, str, str]
"""Severity, kind, field, before and after of a change."""


@dataclass(frozen=True)
class Row:
    """A compatibility property of QEMU's: of machine type `version` and older it has the value.

    `device` is the device in the command line of whose changes `said` are some. `decides` says
    why none of them is another fact, where that is so.
    """

    version: str
    qom_type: str
    property: str
    arguments: tuple[str, ...]
    device: str
    said: tuple[Said, ...]
    decides: str = ""


def _feature(name: str, before: str = "off", after: str = "on") -> tuple[Said, ...]:
    return ((_BREAKING, "device-property", f"property {name}", before, after),)


def _with_fact(fact: Said, name: str, before: str, after: str) -> tuple[Said, ...]:
    return (fact, (_BENIGN, "device-property", f"property {name}", before, after))


def _only(name: str, before: str, after: str) -> tuple[Said, ...]:
    return ((_NOTABLE, "device-property", f"property {name}", before, after),)


def _capability(field: str, before: str, after: str, severity: str = _BREAKING) -> Said:
    return (severity, "capability", field, before, after)


_MASK = "only a write mask shows it, and nothing in configuration space reads otherwise"
_BOARD = "it decides what the chipset does, outside configuration space"
_STATE = "it decides what migration sends"
_NET = ("-device", f"virtio-net-pci,id=t0,addr=5,{NIC}")
_E1000E = (*PORT, "-device", f"e1000e,id=t0,bus=port0,{NIC}")
_IGB = (*PORT, "-device", f"igb,id=t0,bus=port0,{NIC}")
_NVME = (*PORT, "-device", "nvme,id=t0,serial=one,bus=port0")
_RNG = ("-device", "virtio-rng-pci,id=t0,addr=5")
_MEM = (*_MEMORY, "-device", "virtio-mem-pci,id=t0,memdev=m0,addr=5")
_SHARED_MEM = tuple(word.replace("size=128M", "size=128M,share=on") for word in _MEM)
_IOMMU = ("-device", "virtio-iommu-pci,id=t0,addr=5")
_MSIX = _capability("MSI-X capability", "absent", "at 0x98")

ROWS = (
    *(
        Row("10.1", "virtio-net-device", name, _NET, "t0", _feature(name))
        for name in ("host_tunnel", "host_tunnel_csum", "guest_tunnel", "guest_tunnel_csum")
    ),
    Row(
        *("10.1", "mch", "extended-tseg-mbytes", (), "mch"),
        _with_fact(
            (_NOTABLE, "register", "device-specific register 0x50", "10", "40"),
            *("extended-tseg-mbytes", "16", "64"),
        ),
    ),
    Row(
        *("9.2", "virtio-balloon-pci", "vectors"),
        *(("-device", "virtio-balloon-pci,id=t0,addr=5"), "t0"),
        _with_fact(_MSIX, "vectors", "0", "2"),
    ),
    Row(*("9.2", "virtio-mem-pci", "vectors", _MEM, "t0"), _with_fact(_MSIX, "vectors", "0", "2")),
    Row(
        *("9.1", "pci-device", "x-pcie-ext-tag", _NVME, "t0"),
        _with_fact(
            _capability("PCI Express: DevCap: Extended Tag", "no", "yes"),
            *("x-pcie-ext-tag", "off", "on"),
        ),
    ),
    *(
        Row("9.1", "ICH9-LPC", name, (), "ICH9-LPC", _only(name, "off", "on"), _BOARD)
        for name in ("x-smi-periodic-timer", "x-smi-swsmi-timer")
    ),
    Row(
        *("9.0", "virtio-pci", "x-pcie-pm-no-soft-reset"),
        *((*PORT, "-device", "virtio-rng-pci,id=t0,bus=port0"), "t0", ()),
        "it is off in newer machine types as well",
    ),
    Row(
        *("8.2", "virtio-gpu-device", "x-scanout-vmstate-version"),
        *(("-device", "virtio-gpu-pci,id=t0,addr=5"), "t0"),
        *(_only("x-scanout-vmstate-version", "1", "2"), _STATE),
    ),
    Row(
        *("8.2", "virtio-iommu-pci", "aw-bits", _IOMMU, "t0", _only("aw-bits", "64", "39")),
        "the device's own configuration has it",
    ),
    Row(
        *("8.2", "virtio-iommu-pci", "granule", _IOMMU, "t0", _only("granule", "4k", "host")),
        "the device's own configuration has it",
    ),
    Row(
        *("8.1", "base-pci-bridge", "x-pci-express-writeable-slt-bug"),
        *(("-device", "pci-bridge,id=t0,chassis_nr=1,addr=5"), "t0"),
        *(_only("x-pci-express-writeable-slt-bug", "on", "off"), _MASK),
    ),
    Row(
        *("8.1", "igb", "x-pcie-flr-init", _IGB, "t0"),
        _with_fact(
            _capability("PCI Express: DevCap: Function Level Reset", "no", "yes"),
            *("x-pcie-flr-init", "off", "on"),
        ),
    ),
    *(
        Row("8.1", "virtio-net-device", name, _NET, "t0", _feature(name))
        for name in ("host_uso", "guest_uso4", "guest_uso6")
    ),
    Row(
        *("8.0", "pci-device", "x-pcie-ari-nextfn-1", _IGB, "t0"),
        _with_fact(
            _capability("Alternative Routing-ID: Next Function Number", "0x01", "0x00"),
            *("x-pcie-ari-nextfn-1", "on", "off"),
        ),
    ),
    Row(
        # What is `auto` until then is off for memory of the VM's own.
        *("8.0", "virtio-mem", "unplugged-inaccessible", _MEM, "t0"),
        _feature("unplugged-inaccessible"),
    ),
    Row(
        *("7.2", "pci-device", "x-pcie-err-unc-mask", _E1000E, "t0"),
        _with_fact(
            _capability(
                "Advanced Error Reporting: Uncorrectable Error Mask",
                *("0x00000000", "0x02400000", _NOTABLE),
            ),
            *("x-pcie-err-unc-mask", "off", "on"),
        ),
    ),
    Row(
        *("7.2", "ICH9-LPC", "noreboot", (), "ICH9-LPC", _only("noreboot", "on", "off")),
        _BOARD,
    ),
    Row(
        *("7.2", "e1000e", "migrate-timadj", _E1000E, "t0", _only("migrate-timadj", "off", "on")),
        _STATE,
    ),
    Row(
        *("7.2", "virtio-mem", "x-early-migration", _MEM, "t0", ()),
        "11.1's device tree does not print it, and it decides what migration sends",
    ),
    Row(*("7.1", "virtio-device", "queue_reset", _RNG, "t0"), _feature("queue_reset")),
    Row(*("7.1", "virtio-rng-pci", "vectors", _RNG, "t0"), _with_fact(_MSIX, "vectors", "0", "2")),
    Row(
        # And on for shared memory.
        *("6.2", "virtio-mem", "unplugged-inaccessible", _SHARED_MEM, "t0"),
        _feature("unplugged-inaccessible"),
    ),
    Row(
        *("6.1", "ICH9-LPC", "x-keep-pci-slot-hpc", PORT, "ICH9-LPC"),
        *(_only("x-keep-pci-slot-hpc", "off", "on"), "the ports below have it"),
    ),
    Row(
        *("6.1", "ICH9-LPC", "x-keep-pci-slot-hpc", PORT, "port0"),
        _with_fact(
            _capability("PCI Express: SltCap: Hot-Plug Capable", "no", "yes"),
            *("x-do-not-expose-native-hotplug-cap", "on", "off"),
        ),
    ),
    Row(
        *("6.0", "ICH9-LPC", "x-keep-pci-slot-hpc", PORT, "ICH9-LPC"),
        *(_only("x-keep-pci-slot-hpc", "on", "off"), "the ports below have it"),
    ),
    Row(
        *("6.0", "ICH9-LPC", "acpi-pci-hotplug-with-bridge-support", PORT, "ICH9-LPC"),
        *(_only("acpi-pci-hotplug-with-bridge-support", "off", "on"), "ACPI tables have it"),
    ),
    Row(
        *("6.0", "e1000e", "init-vet", _E1000E, "t0", _only("init-vet", "off", "on")),
        "a register behind a BAR starts from it",
    ),
    Row(
        *("6.0", "e1000", "init-vet", ("-device", f"e1000,id=t0,addr=5,{NIC}"), "t0"),
        *(_only("init-vet", "off", "on"), "a register behind a BAR starts from it"),
    ),
    Row(
        *("5.2", "ICH9-LPC", "smm-compat", (), "ICH9-LPC", _only("smm-compat", "on", "off")),
        _BOARD,
    ),
    Row(
        *("5.2", "ICH9-LPC", "x-smi-cpu-hotunplug", (), "ICH9-LPC"),
        *(_only("x-smi-cpu-hotunplug", "off", "on"), _BOARD),
    ),
    Row(
        *("5.2", "nvme", "msix-exclusive-bar", _NVME, "t0"),
        _with_fact(
            (_BREAKING, "interrupt", "MSI-X table BAR", "0x4", "0x0"),
            *("msix-exclusive-bar", "on", "off"),
        ),
    ),
    Row(
        *("5.2", "virtio-blk-device", "report-discard-granularity"),
        *((*_DISK, "-device", "virtio-blk-pci,id=t0,drive=d0,addr=5"), "t0"),
        *(_only("report-discard-granularity", "off", "on"), "its configuration has it"),
    ),
    Row(
        *("5.2", "virtio-net-pci-base", "vectors", _NET, "t0"),
        _with_fact((_BREAKING, "interrupt", "MSI-X table size", "3", "4"), "vectors", "3", "4"),
    ),
)

# Rows of devices that are on no PCI bus of a PC, or are not started: a host's own devices.
NOT_ON_PCI = (
    *("acpi-ged", "arm-", "chardev-", "gpex-pcihost", "i8042", "intel-iommu", "isa-", "migration"),
    *("qemu64-x86_64-cpu", "ramfb", "scsi-", "sd-card", "sev-guest", "tpm-", "vfio-pci"),
    *("vhost-user-vsock-device", "vhost-vsock-device", "virtio-mmio", "x86_64-cpu"),
)
# QEMU sets these of devices that it shares with another machine, or of all forms of one device.
SAME_AS_ANOTHER = {
    ("PIIX4_PM", "smm-compat"): "a machine of the other chipset has it",
    ("PIIX4_PM", "x-not-migrate-acpi-index"): "a machine of the other chipset has it",
    ("virtio-balloon-pci-non-transitional", "vectors"): "virtio-balloon-pci",
    ("virtio-balloon-pci-transitional", "vectors"): "virtio-balloon-pci",
    ("virtio-rng-pci-non-transitional", "vectors"): "virtio-rng-pci",
    ("virtio-rng-pci-transitional", "vectors"): "virtio-rng-pci",
    ("nvme-ns", "shared"): "a namespace is behind its controller",
    ("nvme-ns", "eui64-default"): "a namespace is behind its controller",
}
