"""What a gate is asked: the two sides, the VMs, and by which terms. Data only."""

from __future__ import annotations

from dataclasses import dataclass, replace

from pciabi.gate.baselines import Baselines
from pciabi.gate.configurations import Unusable
from pciabi.result.entry import Subject
from pciabi.result.side import Side
from pciabi.result.terms import Terms
from pciabi.source.request import Request
from pciabi.source.vms import Vm

FORTH, BACK = "upgrade", "downgrade"


@dataclass(frozen=True)
class Question:
    """VMs, and the two sides each is held on: `before` and `after` are requests whose `name` is
    of no account. `terms` judge every comparison; `backwards` asks of the way back too.
    `baselines` were recorded before, and stand for what `before` would ask."""

    vms: tuple[Vm | Unusable, ...]
    before: Request
    after: Request
    terms: Terms
    backwards: bool = False
    baselines: Baselines | None = None

    @property
    def families(self) -> frozenset[str]:
        """The families of facts that are read, by name."""
        return self.before.families

    @property
    def names_machine_types(self) -> bool:
        """Whether a side has a machine type of its own, whatever the VMs say."""
        return self.before.machine is not None or self.after.machine is not None

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Every VM on both sides, in the order they were named; those of the way back last."""
        forth = tuple(
            Trial(vm, vm.subject, self.before, self.after, self._baseline(vm)) for vm in self.vms
        )
        if not self.backwards:
            return forth
        back = (Trial(vm, vm.subject, self.after, self.before) for vm in self.vms)
        return (
            *(one.in_direction(FORTH) for one in forth),
            *(one.in_direction(BACK) for one in back),
        )

    def _baseline(self, vm: Vm | Unusable) -> Side | None:
        return None if self.baselines is None else self.baselines.of(vm.subject)


@dataclass(frozen=True)
class Trial:
    """One VM to be read on two sides, and what its entry is about; `baseline` is the earlier side
    where that was recorded before."""

    vm: Vm | Unusable
    subject: Subject
    before: Request
    after: Request
    baseline: Side | None = None

    def in_direction(self, direction: str) -> Trial:
        """The trial with its direction in its subject."""
        return replace(self, subject=replace(self.subject, direction=direction))
