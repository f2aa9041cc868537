"""What this machine has to boot guests with, beside QEMU."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pciabi.cancellation import Cancellation
from pciabi.distribution.progress import Progress
from pciabi.errors import CannotTest, InputError, PciabiError
from pciabi.events import ImageProgressed, Tell
from pciabi.guest import guest
from pciabi.guest.guest import Guest
from pciabi.guest.keys import RunKeys
from pciabi.probe.host import Host, unheard
from pciabi.probe.hypervisor import Hypervisor
from pciabi.probe.own_qemu import OWN_QEMU
from pciabi.qemu import accelerator, firmware_choice
from pciabi.qemu.accelerator import Accelerator
from pciabi.qemu.binary import Binary
from pciabi.qemu.firmware_choice import FirmwareChoice
from pciabi.qemu.wish import Wish
from pciabi.workspace import workspace


class GuestHost(Host):
    """A host that also has an accelerator that is proved, guest images, the secrets they share
    with us, and a private folder. `guest_host` makes one."""

    def __init__(
        self,
        accel: Wish,
        folder: Path,
        cancellation: Cancellation,
        tell: Tell = unheard,
        hypervisor: Hypervisor = OWN_QEMU,
    ) -> None:
        super().__init__(cancellation, tell, hypervisor)
        self.folder = folder
        self.keys = RunKeys()
        self._accel = accel
        self._accelerators: dict[Binary, Accelerator] = {}
        self._guests: dict[Path, Guest | PciabiError] = {}
        self._firmware: dict[str, FirmwareChoice] = {}

    def accelerator(self, qemu: Binary) -> Accelerator:
        """The accelerator to use, proved. Raises QemuError where the wanted one does not work,
        Interrupted."""
        return self._kept(
            self._accelerators,
            qemu,
            lambda: accelerator.choose(qemu, self._accel, self.cancellation),
        )

    def firmware(self, words: str | None) -> FirmwareChoice | None:
        """What a user named in the place of a QEMU's own firmware; None where he named nothing.
        Raises InputError for what is no firmware, QemuError where there is none."""
        if words is None:
            return None
        return self._kept(self._firmware, words, lambda: firmware_choice.choose(words, self.qemu))

    def prepare(self, recipe: Path) -> None:
        """Have the guest at hand, built if need be; a failure is kept for each task that needs
        it. Raises Interrupted."""
        self._kept(self._guests, recipe, lambda: self._prepared(recipe))

    def guest(self, recipe: Path) -> Guest:
        """The guest of that recipe, built if need be.

        Raises InputError for a bad recipe, ImageError where no image can be had, Interrupted.
        """
        self.prepare(recipe)
        prepared = self._guests[recipe]
        if isinstance(prepared, PciabiError):
            raise prepared
        return prepared

    def _prepared(self, recipe: Path) -> Guest | PciabiError:
        def report(progress: Progress) -> None:
            self.cancellation.check()
            self.tell(ImageProgressed(recipe.stem, progress))

        try:
            return guest.prepare(recipe, report)
        except (InputError, CannotTest) as error:
            self.cancellation.check()
            return error


@contextmanager
def guest_host(
    accel: Wish,
    cancellation: Cancellation,
    tell: Tell = unheard,
    hypervisor: Hypervisor = OWN_QEMU,
) -> Iterator[GuestHost]:
    """A host with a private folder, for the time of the block. Raises CannotTest."""
    with (
        workspace() as folder,
        GuestHost(accel, folder, cancellation, tell, hypervisor) as host,
    ):
        yield host
