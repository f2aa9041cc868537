"""QEMU's firmware descriptors: which UEFI build starts which machine type, and from which files.

Source: QEMU, docs/interop/firmware.json. Pure.
"""

from __future__ import annotations

import fnmatch
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from pciabi.errors import QemuError

ARCHITECTURE = "x86_64"
_INTERFACE = "uefi"
# They would put demands on the VM, or refuse a kernel that nobody has signed.
_UNWANTED = frozenset({"requires-smm", "secure-boot", "enrolled-keys"})


@dataclass(frozen=True)
class FlashFile:
    """A file that goes into a flash chip, and its QEMU block format, such as `raw`."""

    path: str
    format: str


@dataclass(frozen=True)
class Flash:
    """A build for flash chips: its code, never written to, and what its variables start from.

    Without `variables` they are kept beside the code, so that the code is what is copied.
    """

    code: FlashFile
    variables: FlashFile | None


@dataclass(frozen=True)
class Target:
    """Machine types, as glob patterns over versioned names, that a build runs on."""

    architecture: str
    machines: tuple[str, ...]


@dataclass(frozen=True)
class Descriptor:
    """One build. `flash` is None where it is started in another way."""

    name: str
    description: str
    interfaces: tuple[str, ...]
    flash: Flash | None
    targets: tuple[Target, ...]
    features: frozenset[str]


def choose(descriptors: Sequence[Descriptor], machine: str) -> Descriptor | None:
    """The first UEFI build with variables of its own that a versioned machine type starts.

    Builds without any are passed over: they are made for confidential guests.
    """
    return next((found for found in descriptors if _fits(found, machine)), None)


def _fits(descriptor: Descriptor, machine: str) -> bool:
    return (
        _INTERFACE in descriptor.interfaces
        and descriptor.flash is not None
        and not descriptor.features & _UNWANTED
        and any(
            target.architecture == ARCHITECTURE
            and any(fnmatch.fnmatchcase(machine, pattern) for pattern in target.machines)
            for target in descriptor.targets
        )
    )


def parse(text: bytes, name: str) -> Descriptor:
    """The descriptor in a file called `name`. Raises QemuError."""
    try:
        model = _DescriptorModel.model_validate_json(text)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in first["loc"])
        raise QemuError(f"{name} is no firmware descriptor: {place} {first['msg']}") from None
    return Descriptor(
        name=name,
        description=model.description,
        interfaces=tuple(model.interface_types),
        flash=_flash(model.mapping, name),
        targets=tuple(Target(t.architecture, tuple(t.machines)) for t in model.targets),
        features=frozenset(model.features),
    )


def _flash(mapping: dict[str, Any], name: str) -> Flash | None:
    if mapping.get("device") != "flash" or mapping.get("mode") == "stateless":
        return None
    try:
        model = _FlashModel.model_validate(mapping)
    except ValidationError as error:
        first = error.errors(include_url=False)[0]
        place = ".".join(str(part) for part in ("mapping", *first["loc"]))
        raise QemuError(f"{name} is no firmware descriptor: {place} {first['msg']}") from None
    template = model.nvram_template
    if (template is None) != (model.mode == "combined"):
        raise QemuError(f"{name} is no firmware descriptor: mapping.nvram-template does not fit")
    return Flash(
        code=FlashFile(model.executable.filename, model.executable.format),
        variables=FlashFile(template.filename, template.format) if template else None,
    )


class _Model(BaseModel):
    # Later versions of the format add keys.
    model_config = ConfigDict(extra="ignore", frozen=True)


class _FileModel(_Model):
    filename: Annotated[str, StringConstraints(pattern=r"^/[^\x00]*$")]
    format: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+$")]


class _FlashModel(_Model):
    mode: Literal["split", "combined"] = "split"
    executable: _FileModel
    nvram_template: _FileModel | None = Field(default=None, alias="nvram-template")


class _TargetModel(_Model):
    architecture: str
    machines: list[str]


class _DescriptorModel(_Model):
    description: str
    interface_types: list[str] = Field(alias="interface-types")
    mapping: dict[str, Any]
    targets: list[_TargetModel]
    features: list[str]
