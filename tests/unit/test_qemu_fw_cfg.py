"""The files for a machine's firmware, read over the wire: by DMA where there is DMA, whatever
their sizes, and nothing else than what stands in them."""

from __future__ import annotations

import base64
import socket
import struct
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pciabi.deadline import Deadline
from pciabi.errors import QemuError
from pciabi.qemu.fw_cfg import FwCfg
from pciabi.qemu.qtest import Qtest

SELECTOR, DATA, DMA_HIGH, DMA_LOW = 0x510, 0x511, 0x514, 0x518
FIRST_FILE = 0x20
LARGE = 0x4_0000


@dataclass
class Interface:
    """QEMU's fw_cfg with these files, which says `features` of itself; `status` is what a DMA
    transfer ends with."""

    files: dict[str, bytes]
    features: int = 3
    signature: bytes = b"QEMU"
    status: int = 0
    items: dict[int, bytes] = field(default_factory=dict)
    memory: bytearray = field(default_factory=lambda: bytearray(1 << 20))
    item: bytes = b""
    offset: int = 0
    transfers: int = 0

    def __post_init__(self) -> None:
        entries = b"".join(
            struct.pack(">IHH56s", len(content), FIRST_FILE + index, 0, name.encode())
            for index, (name, content) in enumerate(self.files.items())
        )
        self.items = {
            0x0000: self.signature,
            0x0001: self.features.to_bytes(4, "little"),
            0x0019: struct.pack(">I", len(self.files)) + entries,
            **{FIRST_FILE + i: content for i, content in enumerate(self.files.values())},
        }

    def answer(self, command: str) -> str:
        """What qtest answers, without the leading OK."""
        word, *numbers = command.split()
        values = [int(number, 16) for number in numbers]
        if word == "outw":
            assert values[0] == SELECTOR
            self.item, self.offset = self.items.get(values[1], b""), 0
        elif word == "inb":
            assert values[0] == DATA
            return hex(self._next(1)[0])
        elif word == "outl" and values[0] == DMA_LOW:
            self._transfer(int.from_bytes(values[1].to_bytes(4, "little"), "big"))
        elif word == "write":
            self.memory[values[0] : values[0] + values[1]] = bytes.fromhex(numbers[2][2:])
        elif word == "read":
            return "0x" + self.memory[values[0] : values[0] + values[1]].hex()
        elif word == "b64read":
            return base64.b64encode(self.memory[values[0] : values[0] + values[1]]).decode()
        return ""

    def _next(self, length: int) -> bytes:
        part = self.item[self.offset : self.offset + length]
        self.offset += length
        return part.ljust(length, b"\0")

    def _transfer(self, at: int) -> None:
        control, length, address = struct.unpack(">IIQ", self.memory[at : at + 16])
        self.transfers += 1
        if control & 8:
            self.item, self.offset = self.items.get(control >> 16, b""), 0
        if control & 2 and not self.status:
            self.memory[address : address + length] = self._next(length)
        self.memory[at : at + 4] = struct.pack(">I", self.status)


@contextmanager
def connected(answer: Callable[[str], str]) -> Iterator[FwCfg]:
    """A way to what answers qtest commands so."""
    ours, theirs = socket.socketpair()

    def serve() -> None:
        with theirs, theirs.makefile("rb") as commands:
            for line in commands:
                theirs.sendall(f"OK {answer(line.decode().strip())}\n".encode())

    server = threading.Thread(target=serve)
    server.start()
    try:
        yield FwCfg(Qtest(ours, Deadline.after(20)))
    finally:
        ours.close()
        server.join()


contents = st.dictionaries(
    st.text("abcdefghijklmnopqrstuvwxyz/-.", min_size=1, max_size=55),
    st.binary(max_size=300),
    max_size=5,
)


@pytest.mark.parametrize("features", [pytest.param(1, id="bytes"), pytest.param(3, id="DMA")])
@settings(max_examples=25, deadline=None)
@given(files=contents)
def test_every_file_is_read_as_it_is(features: int, files: dict[str, bytes]) -> None:
    interface = Interface(files, features)
    with connected(interface.answer) as fw_cfg:
        assert fw_cfg.read(*files) == tuple(files.values())
        assert fw_cfg.read("not/there") == (b"",)
        assert bool(interface.transfers) is (features == 3)


def test_a_file_larger_than_one_transfer_is_put_together() -> None:
    content = bytes(range(256)) * (LARGE // 256) + b"the rest"
    interface = Interface({"large": content, "small": b"x"})
    with connected(interface.answer) as fw_cfg:
        assert fw_cfg.read("small", "large") == (b"x", content)
        had = interface.transfers
        assert fw_cfg.read("large") == (content,)
        assert interface.transfers == had, "what was read is kept"


@pytest.mark.parametrize("features", [pytest.param(1, id="bytes"), pytest.param(3, id="DMA")])
def test_the_beginning_of_a_file_is_no_more_than_was_asked_for(features: int) -> None:
    with connected(Interface({"a": b"12345"}, features).answer) as fw_cfg:
        assert fw_cfg.beginning("a", 3) == b"123"
        assert fw_cfg.beginning("a", 9) == b"12345"
        assert fw_cfg.beginning("b", 9) == b""
        assert fw_cfg.read("a") == (b"12345",)


def test_a_machine_without_the_interface_has_no_files() -> None:
    with connected(Interface({"a": b"1"}, signature=b"\xff\xff\xff\xff").answer) as fw_cfg:
        assert not fw_cfg.is_there
        assert fw_cfg.read("a") == (b"",)


@pytest.mark.parametrize(
    ("interface", "problem"),
    [
        (Interface({"a": b"1"}, status=1), "cannot be read"),
        (Interface({f"f{i}": b"" for i in range(1001)}), "1001 files"),
    ],
)
def test_what_cannot_be_is_an_error(interface: Interface, problem: str) -> None:
    with connected(interface.answer) as fw_cfg, pytest.raises(QemuError, match=problem):
        fw_cfg.read("a")


def test_a_file_of_a_size_that_none_has_is_an_error() -> None:
    interface = Interface({"a": b"1"})
    entry = struct.pack(">IHH56s", 0xFFFF_FFFF, FIRST_FILE, 0, b"a")
    interface.items[0x0019] = struct.pack(">I", 1) + entry
    with connected(interface.answer) as fw_cfg, pytest.raises(QemuError, match="4294967295 bytes"):
        fw_cfg.read("a")
