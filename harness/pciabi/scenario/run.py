"""Runs cases on real QEMU. The command line and the pytest plugin both call this."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from pciabi import __version__
from pciabi.cancellation import Cancellation
from pciabi.distribution.progress import Progress
from pciabi.errors import CannotTest, InputError, PciabiError
from pciabi.guest import guest
from pciabi.guest.guest import Guest
from pciabi.guest.keys import RunKeys
from pciabi.guest.login import ConsoleLogin
from pciabi.probe.boot import boot
from pciabi.probe.equipment import Equipped, equip
from pciabi.probe.testbed import Testbed
from pciabi.qemu import accelerator, binary
from pciabi.qemu.accelerator import Accelerator
from pciabi.qemu.binary import Binary
from pciabi.result.boot import BootRecord
from pciabi.result.entry import Entry, RefusalResult
from pciabi.result.judged import JudgedComparison
from pciabi.result.result import Command, Result
from pciabi.scenario.case import Case
from pciabi.scenario.judge import judge
from pciabi.scenario.observable import (
    must_be_found_once,
    must_be_observable,
    must_have_been_found,
)
from pciabi.scenario.observe import Observer
from pciabi.scenario.refuse import try_refusal
from pciabi.vm.config import Device, VmConfig
from pciabi.workspace import workspace

# Locally administered, QEMU's prefix; the last two bytes count the devices.
_MAC = "52:54:00:ab:{:02x}:{:02x}"


@dataclass(frozen=True)
class Wishes:
    """What the user asked for: a QEMU (None: the one on PATH), an accelerator, how many guests
    at once."""

    qemu: str | None
    accel: accelerator.Wish
    jobs: int


@dataclass(frozen=True)
class Laboratory:
    """What all cases of a run share."""

    binary: Binary
    accelerator: Accelerator
    keys: RunKeys
    folder: Path
    cancellation: Cancellation
    observer: Observer

    def testbed(self, booted: Guest) -> Testbed:
        """What the boots of one case are made with."""
        return Testbed(
            self.binary, self.accelerator, booted, self.keys, self.folder, self.cancellation
        )


@contextmanager
def laboratory(
    wishes: Wishes, cancellation: Cancellation, observer: Observer
) -> Iterator[Laboratory]:
    """QEMU found, the accelerator proved, a private folder made, for the time of the block."""
    with workspace() as folder:
        found = binary.find(wishes.qemu)
        chosen = accelerator.choose(found, wishes.accel, cancellation)
        observer.said(f"{found.banner}; {chosen.reason}")
        yield Laboratory(found, chosen, RunKeys(), folder, cancellation, observer)


def run(
    cases: Sequence[Case], wishes: Wishes, cancellation: Cancellation, observer: Observer
) -> Result:
    """Run every case and judge it. Results come in the order of `cases`.

    Raises CannotTest when nothing can be run at all, Interrupted when asked to stop; what goes
    wrong in one case is in that case's result.
    """
    started, clock = datetime.now(UTC), time.monotonic()
    with laboratory(wishes, cancellation, observer) as lab:
        observer.planned(tuple(cases))
        images = GuestImages(lab)
        for recipe in sorted({case.image for case in cases if case.boots}):
            images.prepare(recipe)
        with ThreadPoolExecutor(wishes.jobs, thread_name_prefix="pciabi-case") as executor:
            results = _results(executor, cases, lab, images)
        return Result(
            command=Command.RUN,
            entries=results,
            started=started,
            seconds=time.monotonic() - clock,
            tool_version=__version__,
            qemu=lab.binary.banner,
            accelerator=lab.accelerator.reason,
        )


def _results(
    executor: Executor, cases: Sequence[Case], lab: Laboratory, images: GuestImages
) -> tuple[Entry, ...]:
    futures = [executor.submit(run_case, case, lab, images) for case in cases]
    try:
        return tuple(future.result() for future in futures)
    except BaseException:
        for future in futures:
            future.cancel()
        raise


class GuestImages:
    """Guests by recipe; a failure to get one belongs to each case that needs it."""

    def __init__(self, lab: Laboratory) -> None:
        self._lab = lab
        self._found: dict[Path, Guest | PciabiError] = {}

    def prepare(self, recipe: Path) -> None:
        """Have the guest at hand, built if need be. Raises Interrupted."""
        if recipe in self._found:
            return

        def report(progress: Progress) -> None:
            self._lab.cancellation.check()
            self._lab.observer.image(recipe.stem, progress)

        try:
            self._found[recipe] = guest.prepare(recipe, report)
        except (InputError, CannotTest) as error:
            self._lab.cancellation.check()
            self._found[recipe] = error

    def get(self, recipe: Path) -> Guest:
        """The guest prepared from that recipe. Raises what `prepare` met."""
        found = self._found[recipe]
        if isinstance(found, PciabiError):
            raise found
        return found


def run_case(case: Case, lab: Laboratory, images: GuestImages) -> Entry:
    """One case: the starts that must be refused, its boots one after the other, and its
    comparisons."""
    clock = time.monotonic()
    refusals: list[RefusalResult] = []
    boots: list[BootRecord] = []
    comparisons: list[JudgedComparison] = []
    error: PciabiError | None = None
    try:
        refusals.extend(_refusals(case, lab))
        boots.extend(_boots(case, lab, images))
        for comparison in case.comparisons:
            before, after = boots[comparison.before], boots[comparison.after]
            must_have_been_found(comparison, before.snapshot, after.snapshot)
            comparisons.append(judge(case, comparison, before.snapshot, after.snapshot))
        must_be_found_once(case, [record.snapshot for record in boots])
    except (InputError, CannotTest) as caught:
        # What a request to stop has ended has failed in no way of its own.
        lab.cancellation.check()
        error = caught
    result = Entry(
        subject=case.subject,
        comparisons=tuple(comparisons),
        error=error,
        seconds=time.monotonic() - clock,
        boots=tuple(boots),
        refusals=tuple(refusals),
        plan=case.plan,
    )
    lab.observer.ended(result)
    return result


def _refusals(case: Case, lab: Laboratory) -> Iterator[RefusalResult]:
    macs = _macs(case)
    for refusal in case.refusals:
        lab.observer.stage(case, 0, "starting what must be refused")
        equipped = equip(refusal.config, macs, lab.binary)
        yield try_refusal(refusal, equipped, lab.binary, lab.cancellation)


def _boots(case: Case, lab: Laboratory, images: GuestImages) -> Iterator[BootRecord]:
    if not case.boots:
        return
    testbed = lab.testbed(images.get(case.image))
    equipped = equipment(case, lab.binary)
    must_be_observable(case, equipped)
    console = isinstance(testbed.guest.login, ConsoleLogin)
    control = None if console else control_nic(case, equipped)
    for index, vm in enumerate(equipped):

        def on_stage(stage: str, index: int = index) -> None:
            lab.observer.stage(case, index, stage)

        yield boot(vm, control, testbed, case.timeout, on_stage)


def equipment(case: Case, qemu: Binary) -> tuple[Equipped, ...]:
    """The case's VMs, completed. A device id keeps its MAC address across boots."""
    macs = _macs(case)
    return tuple(equip(boot_.config, macs, qemu, boot_.plugged) for boot_ in case.boots)


def _macs(case: Case) -> dict[str, str]:
    booted = [device_id for boot_ in case.boots for device_id in boot_.device_ids]
    refused = [device.id for refusal in case.refusals for device in refusal.config.devices]
    ids = dict.fromkeys((*booted, *refused))
    return {device_id: _MAC.format(*divmod(i, 256)) for i, device_id in enumerate(ids, start=1)}


def control_nic(case: Case, equipped: Sequence[Equipped]) -> Device:
    """The NIC that carries SSH: the last one that every boot starts with, and that the guest
    finds whatever else is there.

    Raises InputError where there is none; pciabi adds none, it would be hardware too.
    """
    nics = equipped[0].nics()
    staying = [nic for nic in nics if all(nic in vm.config.devices for vm in equipped)]
    if not staying:
        later = case.comparisons[0].position if case.comparisons else None
        raise InputError(
            "no NIC is there in every boot, and the guest is asked over one",
            advice="keep a NIC through all steps",
            place=later or equipped[0].config.machine_position,
        )
    sure = [nic for nic in staying if all(_surely_found(nic, vm.config) for vm in equipped)]
    return (sure or staying)[-1]


def _surely_found(device: Device, config: VmConfig) -> bool:
    """Function 0, on a bus of which the same is true. Others need a function 0 beside them."""
    bridge = config.device(device.bus) if device.bus else None
    return not device.pinned_function and (bridge is None or _surely_found(bridge, config))
