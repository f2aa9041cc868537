"""Why a QEMU has ended: the line it wrote, traced to the line of the user's file it is about."""

from __future__ import annotations

from pciabi.errors import InputError, PciabiError, QemuError, Refusal, SourcePosition
from pciabi.probe import complaint
from pciabi.probe.ending import ENDED, died
from pciabi.probe.equipment import Equipped
from pciabi.probe.hypervisor import Process
from pciabi.qemu import machines
from pciabi.qemu.binary import Binary
from pciabi.qemu.command_line import culprit
from pciabi.qemu.inert.hardware import InertHardware
from pciabi.qemu.inert.machine import size_in_bytes
from pciabi.qemu.inert.origin import Origin
from pciabi.qemu.inventory import NoPciBus
from pciabi.vm.config import Device

# More than any host can address: no host has it, whatever it lacks besides.
_ABSURD_BYTES = 1 << 46
_REFUSES_HARDWARE = "QEMU refuses this hardware: "
_DEFAULT = "its default machine type"
_NO_ROOM = "free some memory, or lift the limit (ulimit -v)"


def blamed(qemu: Process, equipped: Equipped, control: str = "") -> tuple[Device, str] | None:
    """The device that an ended QEMU complains about, and what it says of it."""
    said = qemu.complaints()
    device = culprit(said, equipped.complete_devices(control))
    if device is None:
        return None
    words = said.rpartition(f"-device {device.argument}: ")[2]
    return device, words.splitlines()[0] if words else said


def of_machine(qemu: Process, equipped: Equipped, binary: Binary) -> PciabiError:
    """Refusal for a machine type QEMU does not have, QemuError for any other end."""
    if "unsupported machine type" in qemu.complaints():
        config = equipped.config
        return machines.unknown(binary, config.machine, config.machine_position)
    words = complaint.spoken(qemu.complaints())
    if qemu.exit_status == 1 and words is not None and complaint.is_of_memory(words):
        return _of_scenario_memory(words, equipped, binary)
    return died(qemu)


def _of_scenario_memory(words: str, equipped: Equipped, binary: Binary) -> PciabiError:
    memory, place = equipped.config.memory, equipped.config.machine_position
    size = size_in_bytes(memory, "m") or 0
    message = f"memory: {memory}: {words}"
    if complaint.is_of_the_vm(words) or size > _ABSURD_BYTES:
        return Refusal(message, advice=by(binary, equipped.config.machine), place=place)
    return QemuError(message, advice=_NO_ROOM, place=place)


def of_hardware(qemu: Process) -> PciabiError:
    """Refusal for a machine QEMU refuses, QemuError for any other end."""
    words = complaint.spoken(qemu.complaints())
    if qemu.exit_status == 1 and words is not None and complaint.is_of_the_vm(words):
        return Refusal(f"{_REFUSES_HARDWARE}{words}")
    if qemu.exit_status == 0 and qemu.excess is None and not qemu.complaints():
        # There is no guest that could have switched itself off.
        return QemuError(f"{ENDED}with status 0 and said nothing")
    return died(qemu)


def of_command_line(error: PciabiError, made: InertHardware, binary: Binary) -> PciabiError:
    """What `of_hardware` says, about the option of the user's command line, in the user's own
    words; another error as it is."""
    if isinstance(error, NoPciBus):
        types = [origin for origin in made.origins if origin.name == "machine"]
        return _without_a_bus(error, types[-1].place if types else made.place, binary)
    words = _complaint_in(error)
    if words is None:
        return error
    about = complaint.option_of(words, made.origins)
    if "unsupported machine type" in words:
        # Of several types QEMU takes the last, and quotes the first.
        types = [o for o in made.origins if o.name == "machine" and (made.machine or "") in o.given]
        about = types[-1] if types else about
    place = about.place if about is not None else made.place
    if "unsupported machine type" in words:
        return _like(error, machines.unknown(binary, made.machine or "", place))
    if about is None and not isinstance(error, InputError):
        return error
    if complaint.is_of_memory(words) and not complaint.is_of_the_vm(words):
        return _like(error, _of_memory(words, made, about, binary))
    if not isinstance(error, InputError) and "invalid option" not in words:
        return error
    told = complaint.in_own_words(words, about, made.origins)
    what = "this VM"
    if about is not None:
        what = f"device {about.label}" if about.device is not None else about.label
    found = Refusal(f"QEMU refuses {what}: {told}", advice=by(binary, made.machine), place=place)
    return _like(error, found)


def of_processors(made: InertHardware, binary: Binary, most: int) -> Refusal:
    """The error for more processors than the machine type takes."""
    # Where several say it, QEMU takes the last.
    about = next(
        origin
        for origin in reversed(made.origins)
        if origin.name == "smp" or (origin.name == "machine" and "smp." in origin.given)
    )
    return Refusal(
        f"QEMU refuses {about.label}: the machine type takes no more than {most} processors",
        advice=by(binary, made.machine),
        place=about.place,
    )


def _complaint_in(error: PciabiError) -> str | None:
    """What QEMU said, from an error of `of_hardware`'s."""
    if isinstance(error, InputError):
        found = error.message.startswith(_REFUSES_HARDWARE)
        return error.message.removeprefix(_REFUSES_HARDWARE) if found else None
    return complaint.spoken(error.message.partition(": ")[2]) if _ended(error) else None


def _ended(error: PciabiError) -> bool:
    return isinstance(error, QemuError) and error.message.startswith(ENDED)


def _of_memory(
    words: str, made: InertHardware, about: Origin | None, binary: Binary
) -> PciabiError:
    what = about.written if about is not None else "the VM's memory"
    words = complaint.in_own_words(words, about, made.origins)
    place = about.place if about is not None else made.place
    if made.memory > _ABSURD_BYTES:
        message = f"QEMU refuses {what}: {words}; no host addresses that much"
        return Refusal(message, advice=by(binary, made.machine), place=place)
    return QemuError(
        f"this machine has no room for {what}: {words}",
        advice=_NO_ROOM,
        place=place,
    )


def _without_a_bus(error: NoPciBus, place: SourcePosition | None, binary: Binary) -> InputError:
    message = f"machine type {error.machine} has no PCI bus"
    advice = f"pciabi compares PCI hardware; QEMU {binary.version_text}"
    found = InputError(message, advice=advice, place=place)
    found.evidence = error.evidence
    return found


def by(binary: Binary, machine: str | None) -> str:
    """Who refuses it, for people who have several."""
    return f"QEMU {binary.version_text}, {f'machine type {machine}' if machine else _DEFAULT}"


def _like(error: PciabiError, found: PciabiError) -> PciabiError:
    found.evidence = error.evidence
    return found


def located(error: PciabiError, equipped: Equipped, binary: Binary) -> PciabiError:
    """What `of_hardware` says, at the line of the user's file it is about; another error as it
    is."""
    if isinstance(error, NoPciBus):
        return _without_a_bus(error, equipped.config.machine_position, binary)
    words = _complaint_in(error)
    if words is None:
        return error
    config = equipped.config
    device = culprit(words, equipped.complete_devices(""))
    refused_by = by(binary, config.machine)
    if device is not None:
        said = words.rpartition(f"-device {device.argument}: ")[2]
        message = f"QEMU refuses device {device.id}: {said}"
        return _like(error, Refusal(message, advice=refused_by, place=device.position))
    if "unsupported machine type" in words:
        found = machines.unknown(binary, config.machine, config.machine_position)
        return _like(error, found)
    if complaint.is_of_memory(words):
        return _like(error, _of_scenario_memory(words, equipped, binary))
    if isinstance(error, InputError):
        place = error.place or config.machine_position
        return _like(error, Refusal(error.message, advice=refused_by, place=place))
    return error
