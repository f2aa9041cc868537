"""The ECAM window of a real q35, out of reset and where a firmware may have put it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from pciabi.cancellation import Cancellation
from pciabi.deadline import Deadline
from pciabi.pci.address import GuestAddress
from pciabi.probe.hypervisor import PAUSED, Machine
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import binary
from pciabi.qemu.config_access import Ports, Read, Window, Write, open_access
from pciabi.qemu.qtest import Qtest

HOST_BRIDGE = GuestAddress(0, 0, 0, 0)
NIC = GuestAddress(0, 0, 3, 0)
PCIEXBAR = 0x60
RESET = 0xB000_0000


@pytest.fixture
def paused() -> Iterator[Qtest]:
    """A q35 with an e1000e, before any firmware ran."""
    hardware = ("-nodefaults", "-no-user-config", "-machine", "q35", "-device", "e1000e,addr=3")
    machine = Machine(binary.find(None), hardware, PAUSED)
    with OWN_QEMU.start(machine, Cancellation()) as running:
        yield running.qtest(Deadline.after(60))


@pytest.mark.parametrize(
    "register",
    [
        pytest.param(RESET, id="out of reset"),
        pytest.param(0xC000_0001, id="moved"),
        pytest.param(0xE000_0000, id="moved and switched off"),
        pytest.param(0xF_8000_0001, id="moved above 4 GB"),
    ],
)
def test_the_window_reaches_all_bytes_wherever_it_is(paused: Qtest, register: int) -> None:
    ports = Ports(paused)
    (had,) = ports.run([Read(HOST_BRIDGE, PCIEXBAR, 8)])
    assert int.from_bytes(had, "little") == RESET
    ports.run([Write(HOST_BRIDGE, PCIEXBAR, register.to_bytes(8, "little"))])
    both = [Read(HOST_BRIDGE, 0, 256), Read(NIC, 0, 256)]
    conventional = ports.run(both)

    access = open_access(paused)
    assert isinstance(access, Window)
    # The host bridge shows what stood there before the window was switched on.
    assert access.run(both) == conventional
    (extended,) = access.run([Read(NIC, 0x100, 4)])
    assert int.from_bytes(extended, "little") & 0xF_FFFF == 0x2_0001, "AER, version 2"
    (now,) = ports.run([Read(HOST_BRIDGE, PCIEXBAR, 8)])
    assert int.from_bytes(now, "little") == register | 1
