"""Starts that QEMU must refuse, held against what was expected. Pure."""

from __future__ import annotations

from pciabi.probe.attempt import Attempt
from pciabi.result.entry import RefusalResult
from pciabi.result.failure import Aspect, Failure
from pciabi.scenario.case import Refusal


def judge(refusal: Refusal, made: Attempt) -> RefusalResult:
    """Whether QEMU refused the start, for the device and in the words expected."""
    message = _fault(refusal, made)
    failure = (
        Failure(refusal.device_id, Aspect.REFUSAL, message, refusal.position) if message else None
    )
    wanted = refusal.device_id, refusal.saying
    return RefusalResult(*wanted, made.blamed, made.words, made.command_line, failure)


def _fault(refusal: Refusal, made: Attempt) -> str:
    device_id = refusal.device_id
    if made.words is None:
        return f"QEMU was expected to refuse {device_id}, and started"
    if made.blamed != device_id:
        return f"QEMU was expected to refuse {device_id}, and refused {made.blamed}: {made.words}"
    if refusal.saying not in made.words:
        return (
            f"QEMU was expected to refuse {device_id} saying '{refusal.saying}', "
            f"and said: {made.words}"
        )
    return ""
