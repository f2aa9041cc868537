"""The format of a guest's recipe, as pydantic models. `pciabi schema image` prints it."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, TypeAdapter, model_validator

from pciabi.documents import Strict

PackageName = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9.+-]+$")]
_NAME = r"\.?[A-Za-z0-9_+-][A-Za-z0-9_.+-]*"
GuestPath = Annotated[str, StringConstraints(pattern=rf"^{_NAME}(/{_NAME})*$", max_length=200)]
ModuleName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]+$")]
HostPath = Annotated[str, StringConstraints(pattern=r"^[^\x00]+$")]

Variable = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
CpuModel = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.,=+-]*$")]
UserName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$", max_length=64)]

DESCRIPTION = "One line about what this guest is for."
CPU = (
    "The CPU, in QEMU's syntax. Left out, it is a plain qemu64, which distributions built for "
    "x86-64-v2 and later do not run on; Nehalem is a v2, Haswell a v3."
)


class KernelModel(Strict):
    """The guest's kernel."""

    package: PackageName = Field(
        description="Metapackage of the kernel; the linux-image- package it depends on is used."
    )
    arguments: tuple[str, ...] = Field(
        description="Kernel command line, one argument an item. Nothing that changes what the "
        "guest sees on PCI."
    )
    modules: tuple[ModuleName, ...] = Field(
        description="Kernel modules to put in; what they depend on comes along. The guest loads "
        "those that match its hardware."
    )


class BuiltModel(Strict):
    """A guest that pciabi builds: a kernel and an initramfs from the distribution's packages."""

    description: str = Field(description=DESCRIPTION)
    kernel: KernelModel = Field(description="The kernel, its command line and its modules.")
    packages: tuple[PackageName, ...] = Field(
        description="Packages to take files from; the libraries they depend on come along."
    )
    files: tuple[GuestPath, ...] = Field(
        description="Files to put in, by their path in a merged-/usr system, without the leading "
        "slash. The shared libraries a program needs are found and put in."
    )
    links: dict[GuestPath, str] = Field(
        default_factory=dict, description="Symbolic links to make: path in the guest to target."
    )
    texts: dict[GuestPath, str] = Field(
        default_factory=dict, description="Small files to write: path in the guest to content."
    )
    scripts: dict[GuestPath, str] = Field(
        description="Executable files to put in: path in the guest to the file's path beside "
        "the recipe. `init` is what the kernel starts."
    )


class ConsoleModel(Strict):
    """A login on the serial console. Secrets come from the environment, never from a file."""

    user_from: Variable = Field(
        alias="user-from", description="The environment variable that holds the user's name."
    )
    password_from: Variable | None = Field(
        default=None,
        alias="password-from",
        description="The environment variable that holds the password; left out, none is asked.",
    )


class SshModel(Strict):
    """A login over SSH, through the NIC that is there in every boot. The guest needs DHCP."""

    user: UserName = Field(default="root", description="The user; it must be root's id.")
    key: HostPath = Field(
        description="The private key's file, relative to the recipe, without a passphrase. It "
        "is only read."
    )
    host_key: HostPath = Field(
        alias="host-key",
        description="The host key the guest must show: `ssh-ed25519 AAAA…`, or a file, relative "
        "to the recipe, that holds such a line.",
    )


class LoginModel(Strict):
    """How to get into a guest that does not follow pciabi's own protocol: one way of the two."""

    console: ConsoleModel | None = Field(default=None, description="On the serial console.")
    ssh: SshModel | None = Field(default=None, description="Over SSH.")

    @model_validator(mode="after")
    def _one_way(self) -> LoginModel:
        if (self.console is None) == (self.ssh is None):
            raise ValueError("a login is exactly one of console, ssh")
        return self


class KernelAndInitrdModel(Strict):
    """A guest of the user's: a kernel and an initramfs that are there, used as they are."""

    description: str = Field(default="", description=DESCRIPTION)
    kernel: HostPath = Field(
        description="The kernel's file, a bzImage or a vmlinux with a PVH entry, relative to the "
        "recipe."
    )
    initrd: HostPath = Field(
        description="The initramfs's file, relative to the recipe. pciabi appends an archive of "
        "this boot's keys, entropy and control MAC to a copy of it."
    )
    arguments: tuple[str, ...] = Field(
        default=("console=ttyS0", "panic=-1"),
        description="Kernel command line, one argument an item. Without console=ttyS0 nothing "
        "the kernel says is seen.",
    )
    cpu: CpuModel | None = Field(default=None, description=CPU)
    login: LoginModel | None = Field(
        default=None,
        description="How to get in. Left out, the guest follows pciabi's own protocol.",
    )


class DiskModel(Strict):
    """A disk image. It is opened for reading only; what the guest writes is thrown away."""

    path: HostPath = Field(description="The image's file, relative to the recipe.")
    format: Literal["qcow2", "raw"] = Field(description="Its format.")


class DiskGuestModel(Strict):
    """A guest of the user's on a disk that the machine's firmware boots."""

    description: str = Field(default="", description=DESCRIPTION)
    disk: DiskModel = Field(
        description="The disk, attached to the machine's built-in IDE or AHCI controller."
    )
    cpu: CpuModel | None = Field(default=None, description=CPU)
    login: LoginModel = Field(description="How to get in.")


Model = BuiltModel | KernelAndInitrdModel | DiskGuestModel
MODELS: tuple[type[Model], ...] = (BuiltModel, KernelAndInitrdModel, DiskGuestModel)


def kind(data: Any) -> type[Model]:
    """The model that a recipe's keys are meant for."""
    if isinstance(data, dict) and "disk" in data:
        return DiskGuestModel
    if isinstance(data, dict) and ("initrd" in data or isinstance(data.get("kernel"), str)):
        return KernelAndInitrdModel
    return BuiltModel


def schema() -> Any:
    """The format's JSON Schema: one alternative for each kind of guest."""
    return TypeAdapter(Model).json_schema()
