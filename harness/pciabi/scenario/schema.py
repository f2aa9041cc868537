"""The scenario file format, as pydantic models. `pciabi schema scenario` prints it for editors."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, GetJsonSchemaHandler, StringConstraints, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from pciabi.documents import Strict, Text

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z][A-Za-z0-9_.-]*$")]
# No device can have an id with a space in it.
Subject = Annotated[str, StringConstraints(pattern=r"^(?:[A-Za-z][A-Za-z0-9_.-]*|the VM)$")]
Axis = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
PropertyName = Annotated[Text, StringConstraints(pattern=r"^[A-Za-z0-9_.\[\]-]+$")]
Filled = Annotated[Text, StringConstraints(min_length=1)]
Memory = Annotated[Text, StringConstraints(pattern=r"^[1-9][0-9]*[MG]$")]
_VERBS = ("boot", "remove", "add", "hotplug", "firmware", "refused", "expect")
Judgement = Literal["unchanged", "changed"]

WHEN = "Only in cases where each named axis has the value (or one of the values) given."


class When(Strict):
    """Something that belongs to some cases of the matrix only."""

    when: dict[Axis, Filled | list[Filled]] = Field(default={}, description=WHEN)


class DeviceFields(Strict):
    """What QEMU's `-device` takes."""

    driver: Filled = Field(description="QEMU's driver name, such as virtio-net-pci.")
    id: Id = Field(description="QEMU's id; the device is followed by it across boots.")
    bus: Filled | None = Field(
        default=None, description="The bus it is plugged into, such as pci.0."
    )
    addr: Filled | None = Field(
        default=None,
        description="The pinned slot, or slot.function, in QEMU's syntax: hexadecimal, such as "
        "0x3 or 5.1. Left out, QEMU picks the first free slot: the device is unpinned.",
    )
    properties: dict[PropertyName, Text] = Field(
        default={}, description="Further properties of the driver, as QEMU takes them."
    )


class DeviceModel(DeviceFields, When):
    """A device, as QEMU's `-device` takes it."""


class AddModel(DeviceFields):
    """A device that joins the VM between two boots."""

    before: Id | None = Field(
        default=None,
        description="The id of the device it is created in front of; left out, it comes last.",
    )


class HotplugModel(DeviceFields):
    """A device that joins the running VM; a later boot has it from the start."""

    before: Id | None = Field(
        default=None,
        description="The id of the device it is created in front of in later boots; left out, "
        "it comes last.",
    )


class ExpectModel(Strict):
    """What must hold for one device, or for `the VM` as a whole, between the last two boots.
    Unsaid is `unchanged`; after `address: changed`, an unsaid path, name and firmware-tables may
    do as they like."""

    address: Judgement | None = Field(default=None, description="domain:bus:slot.function.")
    path: Judgement | None = Field(default=None, description="The place free of bus numbers.")
    name: Judgement | None = Field(default=None, description="The Linux interface name.")
    identity: Judgement | None = Field(
        default=None, description="Vendor, device and subsystem ids, revision, class."
    )
    hardware: Judgement | None = Field(
        default=None, description="Capabilities, BARs, ROM, interrupts, header, properties, virtio."
    )
    firmware_tables: Judgement | None = Field(
        default=None,
        alias="firmware-tables",
        description="What ACPI and SMBIOS tell of it.",
    )
    presence: Judgement | None = Field(
        default=None,
        description="Whether the guest finds it. `changed` is for a device that is in the VM at "
        "both boots and yet found at one only; nothing else can then be said of it.",
    )


class RefusedModel(Strict):
    """QEMU must refuse to start the VM as it is now, on account of one device."""

    device: Id = Field(description="The id of the device QEMU's complaint must be about.")
    saying: Filled | None = Field(
        default=None, description="Words the complaint must hold, such as `not available`."
    )


class StepModel(When):
    """One step; exactly one of its verbs is given. A bare `boot` is a step too."""

    boot: str | None = Field(default=None, description="Boot the VM; the text labels the boot.")
    remove: Id | None = Field(default=None, description="Take out the device of this id.")
    add: AddModel | None = Field(default=None, description="Put in a device.")
    hotplug: HotplugModel | None = Field(
        default=None, description="Put a device into the VM that the last boot started."
    )
    firmware: Filled | None = Field(
        default=None, description="Later boots run this firmware: seabios or ovmf."
    )
    refused: RefusedModel | None = Field(
        default=None, description="QEMU must refuse to start the VM; no guest is booted."
    )
    expect: dict[Subject, ExpectModel] | None = Field(
        default=None,
        description="What must hold between the last two boots, by device id; `the VM` is the "
        "machine as a whole.",
    )

    @classmethod
    def __get_pydantic_json_schema__(
        cls, core_schema: CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        """For editors: a bare `boot` is a step too."""
        written_out = handler.resolve_ref_schema(handler(core_schema))
        return {"anyOf": [{"const": "boot"}, written_out], "description": cls.__doc__}

    @model_validator(mode="before")
    @classmethod
    def _bare_boot(cls, data: Any) -> Any:
        if data == "boot":
            return {"boot": ""}
        if isinstance(data, str):
            raise ValueError(f"unknown step '{data}', allowed: {', '.join(_VERBS)}")
        if isinstance(data, dict) and data.get("boot", "") is None:
            return {**data, "boot": ""}
        return data

    @model_validator(mode="after")
    def _one_verb(self) -> StepModel:
        if sum(getattr(self, verb) is not None for verb in _VERBS) != 1:
            raise ValueError(f"a step is exactly one of {', '.join(_VERBS)}")
        return self


class ScenarioModel(Strict):
    """A scenario: a VM, what happens to it between boots, and what the guest must then see.

    `${axis}` in a value stands for that axis's value in the case at hand.
    """

    summary: str = Field(min_length=1, description="What it proves, in one line.")
    matrix: dict[Axis, Annotated[list[Filled], Field(min_length=1)]] = Field(
        default={}, description="Axes and their values; one case for each combination."
    )
    exclude: list[dict[Axis, Filled]] = Field(
        default=[], description="Combinations that are not cases."
    )
    machine: Filled = Field(description="QEMU's machine type, such as pc or pc-q35-7.2.")
    firmware: Filled = Field(
        default="seabios", description="The firmware: seabios, or ovmf, which is UEFI."
    )
    image: Filled = Field(
        default="debian",
        description="The guest: the name of a recipe that ships with pciabi, or the path of one, "
        "relative to the scenario and with a slash or ending in .yaml.",
    )
    memory: Memory = Field(default="256M", description="Guest memory, in QEMU's syntax.")
    defaults: bool = Field(
        default=False,
        description="Whether QEMU adds the devices it adds by itself: no -nodefaults is given.",
    )
    cpus: int = Field(default=1, ge=1, le=64, description="Number of CPUs.")
    timeout: float = Field(default=90, gt=0, le=3600, description="Seconds one boot may take.")
    devices: list[DeviceModel] = Field(description="The devices, in QEMU's creation order.")
    steps: list[StepModel] = Field(min_length=1, description="What happens, in order.")
