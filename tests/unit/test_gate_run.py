"""Which error is told of a VM that neither side shows."""

from __future__ import annotations

from pciabi.errors import CannotTest, InputError, PciabiError, Refusal
from pciabi.gate.pending import Outcome
from pciabi.gate.run import _first


def first(before: PciabiError, after: PciabiError) -> PciabiError:
    return _first(Outcome(before, 0.0), Outcome(after, 0.0))


def test_what_both_qemus_refuse_is_said_to_be_refused_by_both() -> None:
    assert first(Refusal("no x"), Refusal("no y")).message == "neither side starts it: no x"


def test_two_crashes_are_no_refusals() -> None:
    assert first(CannotTest("it died"), CannotTest("it died too")).message == "it died"


def test_bad_input_is_told_before_what_could_not_be_carried_out() -> None:
    assert first(CannotTest("it died"), InputError("no x")).message == "no x"
    assert first(InputError("no x"), CannotTest("it died")).message == "no x"
