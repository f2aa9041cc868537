"""The two ways into configuration space, against a chipset at the other end of the wire."""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.pci.address import GuestAddress
from pciabi.qemu.config_access import (
    ConfigAccess,
    Operation,
    Ports,
    Read,
    Sizing,
    Window,
    Write,
    open_access,
)
from pciabi.qemu.qtest import Qtest

Q35 = bytes.fromhex("8680c029")
I440FX = bytes.fromhex("86803712")
PCIEXBAR = 0x60
RESET = 0xB000_0000
WINDOW_SIZE = 256 << 20
HOST_BRIDGE = GuestAddress(0, 0, 0, 0)
NIC = GuestAddress(0, 0, 3, 0)
PLACES = {0: HOST_BRIDGE, 3 << 3: NIC}


@dataclass
class Chipset:
    """A host bridge and a NIC behind the ports, and behind a window where its register says.

    `deaf` is a chipset whose window answers nowhere; a function is its 4096 bytes, by device
    and function number.
    """

    ids: bytes
    register: int = 0
    deaf: bool = False
    functions: dict[int, bytearray] = field(default_factory=dict)
    _address: int = 0

    def __post_init__(self) -> None:
        self.functions = {place: bytearray(range(256)) * 16 for place in PLACES}
        self.functions[0][0:4] = self.ids
        self.functions[0][PCIEXBAR : PCIEXBAR + 8] = self.register.to_bytes(8, "little")
        self.functions[3 << 3][0x100:0x104] = b"AER1"

    def answer(self, command: str) -> str:
        """What qtest answers, without the leading OK."""
        word, *numbers = command.split()
        values = [int(number, 16) for number in numbers]
        if word == "outl" and values[0] == 0xCF8:
            self._address = values[1]
            return ""
        if word == "outl":
            self._function(self._address)[self._dword] = values[1].to_bytes(4, "little")
            return ""
        if word == "inl":
            return hex(int.from_bytes(self._function(self._address)[self._dword], "little"))
        function, offset = self._behind_window(values[0])
        span = slice(offset, offset + values[1])
        if word == "write":
            function[span] = bytes.fromhex(numbers[2][2:])
            return ""
        return "0x" + function[span].hex()

    @property
    def _dword(self) -> slice:
        return slice(self._address & 0xFC, (self._address & 0xFC) + 4)

    def _function(self, address: int) -> bytearray:
        return self.functions.get(address >> 8 & 0xFFFF, bytearray(b"\xff" * 4096))

    def _behind_window(self, address: int) -> tuple[bytearray, int]:
        said = int.from_bytes(self.functions[0][PCIEXBAR : PCIEXBAR + 8], "little")
        place = address - (said & 0xF_F000_0000)
        inside = said & 1 and 0 <= place < WINDOW_SIZE and not self.deaf
        devfn = place >> 12 if inside else -1
        return self.functions.get(devfn, bytearray(4096)), place & 0xFFF


@contextmanager
def connected(chipset: Chipset) -> Iterator[Qtest]:
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs.makefile("rb") as lines:
            for line in lines:
                theirs.sendall(f"OK {chipset.answer(line.decode())}\n".encode())

    thread = threading.Thread(target=serve)
    with theirs:
        thread.start()
        try:
            yield Qtest(ours, Deadline.after(60))
        finally:
            ours.close()
            thread.join()


def whole(access: ConfigAccess, address: GuestAddress) -> bytes:
    (found,) = access.run([Read(address, 0, access.size)])
    return found


@pytest.mark.parametrize(
    "register",
    [
        pytest.param(RESET, id="out of reset"),
        pytest.param(RESET | 1, id="switched on"),
        pytest.param(0xE000_0001, id="moved"),
        pytest.param(0xC000_0000, id="moved and switched off"),
        pytest.param(0xF_F000_0001, id="moved above 4 GB"),
    ],
)
def test_the_window_is_read_wherever_the_firmware_left_it(register: int) -> None:
    chipset = Chipset(Q35, register)
    before = {place: bytes(content) for place, content in chipset.functions.items()}
    with connected(chipset) as qtest:
        access = open_access(qtest)
        assert isinstance(access, Window)
        assert {place: whole(access, address) for place, address in PLACES.items()} == before
    # It was not moved, only switched on.
    after = int.from_bytes(chipset.functions[0][PCIEXBAR : PCIEXBAR + 8], "little")
    assert after == register | 1


@pytest.mark.parametrize(("offset", "length"), [(PCIEXBAR, 4), (PCIEXBAR, 8), (0x5C, 8), (0x64, 8)])
def test_any_part_of_the_window_s_register_is_shown_as_it_was(offset: int, length: int) -> None:
    chipset = Chipset(Q35, 0xF_F000_0000)
    before = bytes(chipset.functions[0])
    with connected(chipset) as qtest:
        (found,) = open_access(qtest).run([Read(HOST_BRIDGE, offset, length)])
    assert found == before[offset : offset + length]


def test_only_the_host_bridge_has_that_register() -> None:
    chipset = Chipset(Q35, RESET)
    with connected(chipset) as qtest:
        (found,) = open_access(qtest).run([Read(NIC, PCIEXBAR, 8)])
    assert found == bytes(range(PCIEXBAR, PCIEXBAR + 8))


@pytest.mark.parametrize("register", [RESET, 0xE000_0001])
def test_a_window_that_does_not_answer_is_one_clear_error(register: int) -> None:
    chipset = Chipset(Q35, register, deaf=True)
    with connected(chipset) as qtest, pytest.raises(QemuError) as caught:
        open_access(qtest)
    place = f"{register & ~1:#x}"
    assert caught.value.message == f"extended configuration space does not answer at {place}"


def test_a_chipset_without_a_window_is_left_alone() -> None:
    chipset = Chipset(I440FX, RESET)
    before = {place: bytes(content) for place, content in chipset.functions.items()}
    with connected(chipset) as qtest:
        access = open_access(qtest)
        assert isinstance(access, Ports)
        assert whole(access, NIC) == before[3 << 3][:256]
    assert chipset.functions == before


@st.composite
def operations(draw: st.DrawFn) -> Operation:
    offset = draw(st.integers(16, 62)) * 4
    length = draw(st.integers(1, 64 - offset // 4)) * 4
    data = st.binary(min_size=length, max_size=length)
    return draw(
        st.one_of(
            st.just(Read(NIC, offset, length)),
            st.builds(Write, st.just(NIC), st.just(offset), data),
            st.builds(Sizing, st.just(NIC), st.just(offset), data, data),
        )
    )


@given(st.lists(operations(), max_size=6))
def test_both_ways_do_the_same(wanted: list[Operation]) -> None:
    ends = []
    for ids in (Q35, I440FX):
        chipset = Chipset(ids, RESET)
        with connected(chipset) as qtest:
            ends.append((open_access(qtest).run(wanted), chipset.functions[3 << 3]))
    assert ends[0] == ends[1]
