"""Threads of QEMU's that serve devices: `-object iothread`, of `<iothreads>` and `<iothreadids>`.

Source: libvirt, src/qemu/qemu_command.c, qemuBuildIOThreadCommandLine.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pciabi.errors import InputError
from pciabi.vm.command_line.option import Option
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.numbers import number
from pciabi.vm.domain.vocabulary import Vocabulary, must_know
from pciabi.vm.domain.words import Form, Listing, option, stated
from pciabi.vm.xml_tree import Element

MAPPING_WORDS = frozenset(
    {"driver/iothreads", "driver/iothreads/iothread", "driver/iothreads/iothread@id"}
    | {"driver/iothreads/iothread/queue", "driver/iothreads/iothread/queue@id"}
)
"""What `<driver>` may say of the threads that serve a device's queues."""
_SCHEDULING = "how the host runs it"
_IDS = Vocabulary(
    frozenset({"iothread", "iothread@id"}),
    {
        "iothread@thread_pool_min": _SCHEDULING,
        "iothread@thread_pool_max": _SCHEDULING,
        "iothread/poll": _SCHEDULING,
        "iothread/poll/**": _SCHEDULING,
    },
)
_COUNT = Vocabulary(frozenset())
# No machine has more: each is an option of its own.
_MOST = 4096


def options(domain: Domain) -> Iterator[Option]:
    """One option for each thread. Raises InputError."""
    listed = domain.root.child("iothreadids")
    count = domain.root.child("iothreads")
    if listed is not None:
        must_know(listed, _IDS)
    if count is not None:
        must_know(count, _COUNT)
    ids = [(number(one, "id"), one) for one in listed.all("iothread")] if listed else []
    if count is not None:
        taken = {id_ for id_, _ in ids}
        free = (id_ for id_ in range(1, _MOST + 1) if id_ not in taken)
        ids += [(id_, count) for id_, _ in zip(free, range(_count(count) - len(ids)), strict=False)]
    for id_, place in sorted(ids, key=lambda pair: pair[0]):
        pairs = stated(place, ("qom-type", "iothread"), ("id", f"iothread{id_}"))
        yield option("object", pairs, Form.KEY_VALUE, "qom-type")


def mapping(driver: Element) -> Listing | None:
    """Which thread serves which queues of a device, of its `<driver>`. Raises InputError."""
    listed = driver.child("iothreads")
    if listed is None:
        return None
    threads: list[Mapping[str, object]] = []
    for thread in listed.all("iothread"):
        queues = [number(queue, "id") for queue in thread.all("queue")]
        served = {"vqs": queues} if queues else {}
        threads.append({"iothread": f"iothread{number(thread, 'id')}", **served})
    return Listing(tuple(threads))


def _count(element: Element) -> int:
    text = element.text.strip()
    if not (text.isascii() and text.isdigit()) or len(text) > len(str(_MOST)) or int(text) > _MOST:
        raise InputError(f"<iothreads>: {text[:40]!r} is no number", place=element.start)
    return int(text)
