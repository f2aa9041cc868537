"""`-object`: what devices need stays or is replaced, what belongs to the host is left out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from pciabi.qemu.inert import virtio_backends
from pciabi.qemu.inert.machine import size_in_bytes
from pciabi.qemu.inert.statement import (
    Stated,
    Statement,
    Surroundings,
    fresh,
    kept,
    left_out,
    replaced,
)
from pciabi.vm.command_line.parameters import Parameters

KEPT: Mapping[str, str] = MappingProxyType(
    {
        "iothread": "a thread that devices refer to",
        "rng-builtin": "QEMU's own random numbers",
        "cryptodev-backend-builtin": "QEMU's own cryptography",
        "can-bus": "an emulated bus",
        "acpi-generic-initiator": "a table entry about a device",
        "acpi-generic-port": "a table entry about a device",
    }
)
REPLACED: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "rng-random": ("rng-builtin", "opens a device node"),
        "rng-egd": ("rng-builtin", "speaks to a daemon"),
        "cryptodev-backend": ("cryptodev-backend-builtin", "abstract"),
        "cryptodev-vhost-user": ("cryptodev-backend-builtin", "speaks to a daemon"),
        "cryptodev-backend-lkcf": ("cryptodev-backend-builtin", "uses the host's kernel"),
    }
)
# Memory of the same size that is nobody else's: a file without a name, which no host has to
# back in full.
_MEMORY = "memory-backend-"
_CRYPTO = "cryptodev-"
_PAGE = 4096
_MEMORY_KINDS = ("ram", "file", "memfd", "shm")
LEFT_OUT: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("secret", "secret_keyring"), "only real disks and servers need secrets"),
        **dict.fromkeys(
            ("tls-creds-anon", "tls-creds-psk", "tls-creds-x509", "tls-cipher-suites"),
            "opens key files; only servers need them",
        ),
        **dict.fromkeys(
            ("authz-list", "authz-list-file", "authz-simple", "authz-pam"),
            "only servers need access lists",
        ),
        **dict.fromkeys(
            ("filter-buffer", "filter-dump", "filter-mirror", "filter-redirector"),
            "traffic of a network that is cut off",
        ),
        **dict.fromkeys(
            ("filter-replay", "filter-rewriter", "colo-compare"),
            "traffic of a network that is cut off",
        ),
        **dict.fromkeys(("input-linux", "input-barrier"), "the host's keyboard and mouse"),
        **dict.fromkeys(("dbus-vmstate", "dbus-display", "qtest"), "an interface to the host"),
        **dict.fromkeys(("monitor-hmp", "monitor-qmp"), "an interface to the host"),
        **dict.fromkeys(("main-loop", "thread-context"), "how QEMU's threads are scheduled"),
        **dict.fromkeys(("sev-guest", "sev-snp-guest", "tdx-guest"), "needs the host's processor"),
        "igvm-cfg": "firmware, which does not run",
        "memory-backend-epc": "needs the host's processor",
        "throttle-group": "limits disks that are not there",
        "pr-manager-helper": "speaks to a daemon",
        "can-host-socketcan": "the host's CAN bus",
        "iommufd": "the host's IOMMU",
    }
)


def object_(statement: Statement, around: Surroundings) -> Stated:
    """One object, by its type."""
    kind = statement.get("qom-type") or ""
    name = statement.get("id")
    users = around.of("object", name)
    shown = statement.shown("qom-type")
    if kind in KEPT:
        return kept(statement)
    if kind in REPLACED:
        stand_in = REPLACED[kind][0]
        parameters = fresh(stand_in, ("id", name or ""), like=statement.parameters)
        if not kind.startswith(_CRYPTO):
            return replaced(statement, parameters, shown, users)
        if statement.get("queues") not in (None, "1"):
            shown = statement.shown("qom-type", "queues")
        return replaced(statement, parameters, shown, users, virtio_backends.CRYPTO)
    if kind.startswith(_MEMORY) and kind.removeprefix(_MEMORY) in _MEMORY_KINDS:
        stated = replaced(statement, _memory(statement), shown, users)
        return Stated(stated.arguments) if kind == _MEMORY + "ram" else stated
    if kind in LEFT_OUT:
        return left_out(shown, users)
    raise statement.refused(
        f"object type '{kind}' is not on the list of those known to leave the host alone",
        at="qom-type",
    )


def _memory(statement: Statement) -> Parameters:
    given = statement.parameters
    sized = given.keeping("id", "size", "x-use-canonical-path-for-ramblock-id")
    size = size_in_bytes(statement.get("size") or "", "b")
    if size is None or size % _PAGE:
        # A file ends where a page ends; QEMU rounds its own memory up.
        made = fresh(_MEMORY + "ram", like=given)
    else:
        made = fresh(_MEMORY + "memfd", ("share", True), like=given)
    return Parameters((*made.items, *sized.items), "qom-type", given.is_json)
