"""What reports call the parts of a virtio device, and snapshots those that they leave open."""

from __future__ import annotations

from collections.abc import Sequence

FEATURE_PREFIX = "virtio feature "
QUEUE_COUNT = "number of virtio queues"
_CONFIGURATION_PREFIX = "virtio configuration "

# Of files that do not name each feature.
_ALL_FEATURES = "virtio features"


def is_one(field: str) -> bool:
    """Whether this is what something of a virtio device is called that a stand-in leaves open."""
    return field in (QUEUE_COUNT, _ALL_FEATURES) or field.startswith(
        (FEATURE_PREFIX, _CONFIGURATION_PREFIX)
    )


def feature(name: str) -> str:
    """One feature, such as `virtio feature HOST_USO`."""
    return f"{FEATURE_PREFIX}{name}"


def configuration(name: str) -> str:
    """One field of the device configuration, such as `virtio configuration mtu`."""
    return f"{_CONFIGURATION_PREFIX}{name}"


def queue_sizes(indices: Sequence[int]) -> str:
    """The sizes of these queues: `queue 2 size`, `sizes of queues 0, 1, 4 to 7`."""
    if len(indices) == 1:
        return f"queue {indices[0]} size"
    runs: list[list[int]] = []
    for index in indices:
        if runs and runs[-1][-1] == index - 1:
            runs[-1].append(index)
        else:
            runs.append([index])
    return f"sizes of queues {', '.join(word for run in runs for word in _words(run))}"


def _words(run: Sequence[int]) -> list[str]:
    first, *between, last = run if len(run) > 1 else (*run, *run)
    if between:
        return [f"{first} to {last}"]
    return [str(index) for index in run]
