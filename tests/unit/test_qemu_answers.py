"""What is QMP, and not what QEMU says: each answer of another shape is called that, whoever asked,
and nothing that is said without having been asked fills the memory. The fake is at the wire."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pciabi.deadline import Deadline
from pciabi.errors import CannotTest, QemuError
from pciabi.probe import ssh_server
from pciabi.qemu import bounded_client, device_tree, inventory, monitor, placement, vocabulary
from pciabi.qemu.answers import NO_QMP, PCI, shaped
from pciabi.qemu.monitor import Monitor
from pciabi.qemu.qmp_session import QmpMonitor

GREETING = b'{"QMP": {"version": {"qemu": {}}, "capabilities": []}}\n'
NESTED = b"[" * 200_000
ASKERS: tuple[Callable[[Monitor], object], ...] = (
    inventory.take,
    device_tree.read,
    placement.functions,
    placement.types_by_id,
    placement.machine_type,
    lambda qmp: placement.mac_address(qmp, "net0"),
    ssh_server.forwarded_port,
    vocabulary.ask,
    lambda qmp: vocabulary.ask_properties(qmp, {"e1000"}),
)
# What the tree of a machine with one nameless NIC is, so that its place is asked for too.
TREE = """bus: main-system-bus
  type System
  dev: i440FX-pcihost, id ""
    bus: pci.0
      type PCI
      dev: e1000, id ""
        class Ethernet controller, addr 00:03.0, pci id 8086:100e (sub 1af4:1100)
"""
NAMELESS = {"name": "device[0]", "type": "child<e1000>"}

Speech = Callable[[bytes], bytes]


def returned(value: bytes) -> Speech:
    """An answer to each command."""
    return lambda number: b'{"return": ' + value + b', "id": ' + number + b"}\n"


def numbers(connection: socket.socket) -> Iterator[bytes]:
    """Of each command, as they come: one after the other, with nothing in between."""
    data = ""
    while arrived := connection.recv(65536):
        data += arrived.decode()
        while data:
            try:
                command, end = json.JSONDecoder().raw_decode(data)
            except ValueError:
                break
            data = data[end:]
            yield json.dumps(command.get("id")).encode()


@contextmanager
def speaking(
    speech: Speech, greeting: bytes = GREETING, first: Speech | None = None
) -> Iterator[socket.socket]:
    """A program that agrees, and then answers each command so; the first three as a QEMU."""
    ours, theirs = socket.socketpair()

    def speak() -> None:
        with suppress(OSError):
            theirs.sendall(greeting)
            for count, number in enumerate(numbers(theirs)):
                answers = (first or speech) if count < 4 else speech
                theirs.sendall(answers(number) if count else b'{"return": {}}\n')

    thread = threading.Thread(target=speak)
    with ours, theirs:
        thread.start()
        try:
            yield ours
        finally:
            ours.close()
            with suppress(OSError):
                theirs.shutdown(socket.SHUT_RDWR)
            thread.join()


def asked(connection: socket.socket, ask: Callable[[Monitor], object]) -> str | None:
    """The complaint of a session in which that is asked, None where an answer will do."""
    try:
        with monitor.session(connection, Deadline.after(20)) as qmp:
            ask(qmp)
    except CannotTest as error:
        return str(error)
    return None


@pytest.mark.parametrize("ask", ASKERS)
@pytest.mark.parametrize(
    "value", [b"[]", b"5", b"null", b"{}", b"[{}]", b"true", b'"x"', b'[{"bus": "0"}]']
)
def test_an_answer_of_another_shape_is_called_that(
    ask: Callable[[Monitor], object], value: bytes
) -> None:
    with speaking(returned(value)) as connection:
        complaint = asked(connection, ask)
    lists = (placement.functions, placement.types_by_id, ASKERS[-1])
    if (value == b"[]" and ask in lists) or (value == b'"x"' and ask in ASKERS[4:6]):
        assert complaint is None
    elif value == b'"x"' and ask in (device_tree.read, inventory.take, ssh_server.forwarded_port):
        # A text it is, though it does not say what it should.
        assert complaint
    else:
        assert complaint is not None
        assert complaint.startswith(f"{NO_QMP}its answer")
        assert "\n" not in complaint


@pytest.mark.parametrize("place", ["[]", "5", "null", '"x"', "[{}]"])
def test_so_is_the_place_of_a_device_without_an_id(place: str) -> None:
    answers = iter(['"pc-machine"', json.dumps(TREE), json.dumps([NAMELESS])])

    def as_qemu(number: bytes) -> bytes:
        return returned(next(answers).encode())(number)

    with speaking(returned(place.encode()), first=as_qemu) as connection:
        complaint = asked(connection, inventory.take)
    assert complaint is not None
    assert complaint.startswith(f"{NO_QMP}its answer")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["bus", "devices", "slot", "function", "id", "qdev_id", "name", "type"]
            ),
            inner,
            max_size=6,
        )
    ),
)


@settings(max_examples=60, deadline=None)
@given(value=JSON, ask=st.sampled_from(ASKERS))
def test_any_answer_is_a_value_or_one_clear_error(
    value: object, ask: Callable[[Monitor], object]
) -> None:
    with speaking(returned(json.dumps(value).encode())) as connection:
        assert "\n" not in (asked(connection, ask) or "")


@pytest.mark.parametrize(
    "speech",
    [
        lambda _: NESTED + b"\n",
        lambda _: b'{"return": ' + NESTED + b"\n",
        returned(b"[" * 400 + b"]" * 400),
        returned(b"9" * 5000),
        lambda _: b'{"return": [], "id": []}\n',
        lambda number: b'{"id": ' + number + b"}\n",
        lambda number: b'{"error": 5, "id": ' + number + b"}\n",
        lambda number: b'{"error": {"class": [], "desc": 1}, "id": ' + number + b"}\n",
        lambda _: b'{"error": {"class": "x", "desc": "y"}}\n',
    ],
)
def test_what_cannot_be_read_is_called_that(speech: Speech) -> None:
    with speaking(speech) as connection:
        complaint = asked(connection, placement.functions)
    assert complaint is not None
    assert complaint.startswith(NO_QMP)
    assert len(complaint) < 400


@pytest.mark.parametrize(
    "greeting",
    [
        NESTED + b"\n",
        b'{"QMP": ' + b"[" * 400 + b"]" * 400 + b"}\n",
        b'{"QMP": []}\n',
        b'{"QMP": {"version": {}, "capabilities": 5}}\n',
        b"9" * 5000 + b"\n",
    ],
)
def test_so_is_a_greeting(greeting: bytes) -> None:
    with speaking(returned(b"{}"), greeting) as connection:
        complaint = asked(connection, placement.functions)
    assert complaint is not None
    assert complaint.startswith(NO_QMP)


EVENT = b'{"event": "E", "data": {"x": "%s"}, "timestamp": {"seconds": 1, "microseconds": 1}}\n'


@pytest.mark.parametrize(
    ("said", "message"),
    [
        (EVENT % (b"x" * 10_000_000), "more than 10,000,000 bytes of events"),
        (EVENT % b"" * 10_000, "more than 10,000,000 bytes of events"),
        (b'{"return": "%s", "id": "nobody"}\n' % (b"x" * 100_000), "more than 20,000,000 bytes"),
        (b'{"return": [' + b"[]," * 50_000 + b"1]}\n", "more than 10,000 values at once"),
    ],
)
def test_what_nobody_asked_for_does_not_fill_the_memory(
    monkeypatch: pytest.MonkeyPatch, said: bytes, message: str
) -> None:
    monkeypatch.setattr(bounded_client, "_MOST_IN_ALL", 20_000_000)
    if b"[]," in said:
        monkeypatch.setattr(bounded_client, "_MOST_VALUES", 10_000)

    def for_ever(_: bytes) -> bytes:
        return said * (30_000_000 // len(said) + 1)

    with speaking(for_ever) as connection:
        assert asked(connection, placement.functions) == f"{monitor.TOO_MUCH}{message}"


def test_a_few_events_are_left_out_and_not_kept() -> None:
    def between(number: bytes) -> bytes:
        return EVENT % b"" * 1000 + returned(b'"pc-machine"')(number)

    with speaking(between) as connection, monitor.session(connection, Deadline.after(20)) as qmp:
        assert placement.machine_type(qmp) == "pc"
        assert isinstance(qmp, QmpMonitor)
        assert qmp._client.events.history == ()
        assert qmp._client.events.empty()


def test_an_error_of_qemus_is_quoted() -> None:
    def refuses(number: bytes) -> bytes:
        return b'{"error": {"class": "GenericError", "desc": "no"}, "id": ' + number + b"}\n"

    with (
        speaking(refuses) as connection,
        pytest.raises(QemuError, match=r"^QEMU refused QMP query-status: no$"),
        monitor.session(connection, Deadline.after(20)) as qmp,
    ):
        qmp.execute("query-status")


FUNCTION = {
    "bus": 0,
    "slot": 3,
    "function": 0,
    "id": {"vendor": 0x1AF4, "device": 0x1000},
    "qdev_id": "net0",
}


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ({"slot": 32}, "[0][devices][0][slot] to query-pci: it should be a number from 0 to 31"),
        ({"bus": True}, "[0][devices][0][bus] to query-pci: it should be a whole number"),
        ({"id": {"vendor": 1}}, "[0][devices][0][id] to query-pci: it has no 'device'"),
        (
            {"pci_bridge": {"devices": [5]}},
            "[0][devices][0][pci_bridge][devices][0] to query-pci: it should be an object",
        ),
    ],
)
def test_the_complaint_leads_to_the_part_that_is_wrong(
    change: dict[str, object], complaint: str
) -> None:
    answer = [{"bus": 0, "devices": [{**FUNCTION, **change}]}]
    with pytest.raises(QemuError) as raised:
        shaped(answer, PCI, "query-pci")
    assert str(raised.value) == f"{NO_QMP}its answer{complaint}"


def test_a_bridge_may_have_nothing_behind_it() -> None:
    bridge = {**FUNCTION, "pci_bridge": {"bus": {"number": 1}}}
    (bus,) = shaped([{"bus": 0, "devices": [bridge]}], PCI, "query-pci")
    assert [function.behind for function in bus.devices] == [()]
