"""Random VMs, the same for the same seed: devices of every sort at every sort of place."""

from __future__ import annotations

import random
from dataclasses import dataclass, field

from pciabi.vm.config import Device, VmConfig

CONVENTIONAL_NICS = (
    *("e1000", "e1000-82544gc", "e1000-82545em", "i82550", "i82557b", "i82559er", "i82801"),
    *("ne2k_pci", "pcnet", "rtl8139", "tulip"),
)
EXPRESS_NICS = ("e1000e", "virtio-net-pci", "virtio-net-pci-non-transitional", "vmxnet3")
CONVENTIONAL = (
    *("AC97", "ES1370", "edu", "i6300esb", "ich9-ahci", "ich9-usb-ehci1", "intel-hda"),
    *("lsi53c810", "lsi53c895a", "megasas", "pci-ohci", "pci-testdev"),
    *("pvpanic-pci", "sdhci-pci", "usb-ehci", "virtio-rng-pci-transitional", "am53c974"),
)
EXPRESS = (
    *("megasas-gen2", "nec-usb-xhci", "nvme", "pvscsi", "qemu-xhci"),
    *("virtio-balloon-pci", "virtio-blk-pci", "virtio-keyboard-pci", "virtio-rng-pci"),
    *("virtio-rng-pci-non-transitional", "virtio-scsi-pci", "virtio-serial-pci"),
)
_BRIDGES = ("pci-bridge", "pcie-pci-bridge", "x3130-upstream")
# QEMU has one of these at most.
_SINGLE = ("virtio-balloon-pci",)
_ENOUGH = 14
_FIRST_PINNED, _LAST_PINNED = 0x10, 0x1A


@dataclass
class _Making:
    """A VM being made. `pinned` are the slots taken on each bus."""

    random: random.Random
    root: str
    hot_plug: set[str] = field(default_factory=set)
    devices: list[Device] = field(default_factory=list)
    pinned: dict[str, set[int]] = field(default_factory=dict)

    @property
    def full(self) -> bool:
        """Whether there are enough devices."""
        return len(self.devices) >= _ENOUGH

    def add(self, driver: str, bus: str, addr: str | None = None, **properties: object) -> str:
        name = f"d{len(self.devices)}"
        if driver == "nvme":
            properties["serial"] = name
        if driver in ("pcie-root-port", "ioh3420", "xio3130-downstream"):
            properties |= {"chassis": len(self.devices) + 1, "slot": len(self.devices)}
        if driver == "pci-bridge":
            properties["chassis_nr"] = len(self.devices) + 1
            properties["shpc"] = self.random.choice(("on", "off"))
        if driver == "pcie-pci-bridge" or properties.get("shpc") == "on":
            self.hot_plug.add(name)
        pairs = tuple((key, str(value)) for key, value in properties.items())
        self.devices.append(Device(driver, name, bus, addr, pairs))
        return name

    def choice(self, drivers: tuple[str, ...]) -> str:
        """One of the drivers that another device may have."""
        present = {device.driver for device in self.devices}
        allowed = [d for d in drivers if d not in _SINGLE or d not in present]
        return self.random.choice(allowed)

    def slot(self, bus: str) -> str:
        """A free slot that no unpinned device will take."""
        taken = self.pinned.setdefault(bus, set())
        free = [s for s in range(_FIRST_PINNED, _LAST_PINNED + 1) if s not in taken]
        chosen = self.random.choice(free)
        taken.add(chosen)
        return hex(chosen)

    def place(self, bus: str) -> str | None:
        """A pinned place on a bus, or None to leave it to QEMU.

        QEMU would give the first device slot 0, which a hot-plug controller does not take.
        """
        pinned = bus in self.hot_plug or self.random.random() < 0.5
        return self.slot(bus) if pinned else None

    def conventional(self, bus: str) -> None:
        """One device, or several functions of one slot, on a bus that takes any."""
        if self.full:
            return
        drivers = (*CONVENTIONAL_NICS, *EXPRESS_NICS, *CONVENTIONAL, *EXPRESS)
        if self.random.random() < 0.85:
            self.add(self.choice(drivers), bus, self.place(bus))
            return
        slot = self.slot(bus)
        functions = [0, *sorted(self.random.sample(range(1, 8), self.random.randint(1, 2)))]
        for function in functions:
            first = {"multifunction": "on"} if function == 0 else {}
            self.add(self.choice(drivers), bus, f"{slot}.{function}", **first)

    def conventional_bus(self, bus: str, depth: int) -> None:
        """Devices and bridges on a conventional bus."""
        for _ in range(self.random.randint(1, 3)):
            if depth < 3 and not self.full and self.random.random() < 0.3:
                self.conventional_bus(self.add("pci-bridge", bus, self.place(bus)), depth + 1)
            else:
                self.conventional(bus)

    def below_port(self, port: str, depth: int) -> None:
        """What is plugged into a root or downstream port: nothing, too."""
        kind = 1.0 if self.full else self.random.random()
        if kind < 0.6:
            self.add(self.choice((*EXPRESS_NICS, *EXPRESS)), port)
        elif kind < 0.75 and depth < 3:
            up = self.add("x3130-upstream", port)
            for number in range(self.random.randint(1, 3)):
                down = self.add("xio3130-downstream", up, hex(2 * number))
                self.below_port(down, depth + 1)
        elif kind < 0.9:
            self.conventional_bus(self.add("pcie-pci-bridge", port), depth + 1)

    def express_bus(self, bus: str) -> None:
        """Ports on a PCI Express root bus."""
        if self.full:
            return
        driver = self.random.choice(("pcie-root-port", "pcie-root-port", "ioh3420"))
        if self.random.random() < 0.7:
            port = self.add(driver, bus, self.place(bus))
            self.below_port(port, 1)
            # A number below that of the buses in use makes SeaBIOS count backwards.
            if driver == "pcie-root-port" and not self.bridges_behind(port):
                self.set(port, "bus-reserve", str(self.random.randint(1, 3)))
            return
        slot = self.slot(bus)
        for function in (0, *sorted(self.random.sample(range(1, 8), 2))):
            first = {"multifunction": "on"} if function == 0 else {}
            self.below_port(self.add(driver, bus, f"{slot}.{function}", **first), 1)

    def bridges_behind(self, port: str) -> bool:
        """Whether a bridge is plugged in there."""
        return any(d.bus == port and d.driver in _BRIDGES for d in self.devices)

    def set(self, name: str, key: str, value: str) -> None:
        """One more property of a device."""
        self.devices = [
            device.with_properties((key, value)) if device.id == name else device
            for device in self.devices
        ]


def device_set(seed: int) -> VmConfig:
    """The VM of a seed. `nic` is a NIC that every guest can speak over."""
    making = _Making(random.Random(seed), "pci.0" if seed % 2 else "pcie.0")
    nic = Device("virtio-net-pci", "nic", making.root, making.slot(making.root))
    if making.root == "pci.0":
        _conventional_machine(making)
    else:
        _express_machine(making)
    machine = "pc" if making.root == "pci.0" else "q35"
    return VmConfig(machine, "256M", 1, (nic, *making.devices))


def _conventional_machine(making: _Making) -> None:
    for number in range(making.random.choice((0, 0, 1, 2))):
        expander = making.add(
            "pxb", making.root, making.place(making.root), bus_nr=64 * (number + 1)
        )
        making.conventional_bus(expander, 2)
    for _ in range(making.random.randint(2, 4)):
        making.conventional_bus(making.root, 1)


def _express_machine(making: _Making) -> None:
    for number in range(making.random.choice((0, 0, 1, 2))):
        bus_nr = 64 * (number + 1)
        expander = making.add("pxb-pcie", making.root, making.place(making.root), bus_nr=bus_nr)
        for _ in range(making.random.randint(1, 2)):
            making.express_bus(expander)
    for _ in range(making.random.randint(2, 4)):
        making.express_bus(making.root)
    for _ in range(making.random.randint(1, 3)):
        making.conventional(making.root)
    if making.random.random() < 0.3:
        dmi = making.add("i82801b11-bridge", making.root, making.place(making.root))
        making.conventional_bus(making.add("pci-bridge", dmi, "0x1"), 2)
