"""Which virtio devices are other ones on q35's root bus than behind a root port."""

from __future__ import annotations

import pytest

from pciabi.lint.rules import virtio_on_root_bus
from pciabi.vm.config_text import ConfigText
from pciabi.vm.formats import libvirt

AT = "<address type='pci' bus='0x00' slot='0x07' function='0x0'/>"


@pytest.mark.parametrize(
    ("device", "told"),
    [
        (f"<interface type='user'><model type='virtio'/>{AT}</interface>", True),
        (f"<rng model='virtio'><backend model='random'/>{AT}</rng>", True),
        (f"<memballoon model='virtio'>{AT}</memballoon>", True),
        (f"<controller type='virtio-serial' index='0'>{AT}</controller>", True),
        # 1af4:1050 and 1af4:1052 in both places: measured with QEMU 7.2.
        (f"<video><model type='virtio'/>{AT}</video>", False),
        (f"<input type='keyboard' bus='virtio'>{AT}</input>", False),
        (f"<vsock model='virtio'><cid auto='yes'/>{AT}</vsock>", False),
        (f"<interface type='user'><model type='virtio-transitional'/>{AT}</interface>", False),
        (f"<interface type='user'><model type='e1000e'/>{AT}</interface>", False),
    ],
)
def test_a_device_with_two_forms_is_told(device: str, told: bool) -> None:
    text = (
        "<domain type='kvm'><os><type arch='x86_64' machine='pc-q35-9.2'>hvm</type></os>"
        f"<devices>{device}</devices></domain>"
    )
    (vm,) = libvirt.FORMAT.read(ConfigText("web.xml", text))
    slots = [t for t in virtio_on_root_bus.check(vm.places) if "slot 0x7" in t.message]
    assert bool(slots) is told
