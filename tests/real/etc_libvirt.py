"""A folder as `/etc/libvirt/qemu` is: defined domains as virt-install makes them, no two alike, a
network beside them, and links to those that start by themselves."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

_NOTE = """<!--
WARNING: THIS IS AN AUTO-GENERATED FILE. CHANGES TO IT ARE LIKELY TO BE
OVERWRITTEN AND LOST. Changes to this xml configuration should be made using:
  virsh edit {name}
or other application using the libvirt API.
-->

"""
_NETWORK = """<network>
  <name>default</name>
  <forward mode='nat'/>
  <bridge name='virbr0' stp='on' delay='0'/>
  <ip address='192.168.122.1' netmask='255.255.255.0'/>
</network>
"""
_PORTS = 14


def fill(folder: Path, count: int) -> tuple[Path, ...]:
    """Write that many domains, and what is beside them. The files of the domains."""
    (folder / "networks").mkdir(parents=True)
    (folder / "autostart").mkdir()
    (folder / "networks" / "default.xml").write_text(_NETWORK)
    files = tuple(folder / f"vm-{seed:03}.xml" for seed in range(count))
    for seed, file in enumerate(files):
        file.write_text(_NOTE.format(name=file.stem) + domain(seed, file.stem))
        if seed % 3 == 0:
            (folder / "autostart" / file.name).symlink_to(f"../{file.name}")
    return files


def domain(seed: int, name: str) -> str:
    """A defined domain of the machine type pc-q35-7.2, of some twenty functions."""
    choose = random.Random(seed)
    vcpus, gib = choose.choice((1, 2, 4)), choose.choice((1, 2, 4))
    devices = "".join(f"    {line}\n" for line in _devices(seed, choose))
    return f"""<domain type='kvm'>
  <name>{name}</name>
  <uuid>6c8f2b1e-7c1d-4b57-9d0e-{seed:012x}</uuid>
  <metadata>
    <libosinfo:libosinfo xmlns:libosinfo="http://libosinfo.org/xmlns/libvirt/domain/1.0">
      <libosinfo:os id="http://debian.org/debian/12"/>
    </libosinfo:libosinfo>
  </metadata>
  <memory unit='KiB'>{gib << 20}</memory>
  <currentMemory unit='KiB'>{gib << 20}</currentMemory>
  <vcpu placement='static'>{vcpus}</vcpu>
  <os>
    <type arch='x86_64' machine='pc-q35-7.2'>hvm</type>
    <boot dev='hd'/>
  </os>
  <features>
    <acpi/>
    <apic/>
    <vmport state='off'/>
  </features>
  <cpu mode='host-passthrough' check='none' migratable='on'/>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='pit' tickpolicy='delay'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <on_reboot>restart</on_reboot>
  <on_crash>destroy</on_crash>
  <pm>
    <suspend-to-mem enabled='no'/>
    <suspend-to-disk enabled='no'/>
  </pm>
  <devices>
    <emulator>/usr/bin/qemu-system-x86_64</emulator>
{devices}  </devices>
</domain>
"""


def _devices(seed: int, choose: random.Random) -> Iterator[str]:
    ports = iter(range(1, _PORTS + 1))

    def on_port() -> str:
        bus = next(ports)
        return f"<address type='pci' domain='0x0000' bus='{bus:#04x}' slot='0x00' function='0x0'/>"

    for letter in "abc"[: choose.randint(1, 3)]:
        yield (
            "<disk type='file' device='disk'><driver name='qemu' type='qcow2' discard='unmap'/>"
            f"<source file='/var/lib/libvirt/images/vm-{seed}-{letter}.qcow2'/>"
            f"<target dev='vd{letter}' bus='virtio'/>{on_port()}</disk>"
        )
    yield (
        "<disk type='file' device='cdrom'><driver name='qemu' type='raw'/><target dev='sda' "
        "bus='sata'/><readonly/><address type='drive' controller='0' bus='0' target='0' unit='0'/>"
        "</disk>"
    )
    yield f"<controller type='usb' index='0' model='qemu-xhci' ports='15'>{on_port()}</controller>"
    yield "<controller type='pci' index='0' model='pcie-root'/>"
    for index in range(1, _PORTS + 1):
        slot, function = divmod(index - 1, 8)
        first = " multifunction='on'" if function == 0 else ""
        yield (
            f"<controller type='pci' index='{index}' model='pcie-root-port'><model "
            f"name='pcie-root-port'/><target chassis='{index}' port='{16 + index - 1:#x}'/>"
            f"<address type='pci' domain='0x0000' bus='0x00' slot='{2 + slot:#04x}' "
            f"function='{function:#x}'{first}/></controller>"
        )
    yield (
        "<controller type='sata' index='0'><address type='pci' domain='0x0000' bus='0x00' "
        "slot='0x1f' function='0x2'/></controller>"
    )
    yield f"<controller type='virtio-serial' index='0'>{on_port()}</controller>"
    for number in range(choose.randint(1, 3)):
        yield (
            f"<interface type='network'><mac address='52:54:00:{seed:02x}:00:{number:02x}'/>"
            f"<source network='default'/><model type='virtio'/>{on_port()}</interface>"
        )
    yield (
        "<serial type='pty'><target type='isa-serial' port='0'><model name='isa-serial'/></target>"
        "</serial>"
    )
    yield "<console type='pty'><target type='serial' port='0'/></console>"
    yield (
        "<channel type='unix'><target type='virtio' name='org.qemu.guest_agent.0'/>"
        "<address type='virtio-serial' controller='0' bus='0' port='1'/></channel>"
    )
    yield "<input type='tablet' bus='usb'><address type='usb' bus='0' port='1'/></input>"
    yield "<input type='mouse' bus='ps2'/>"
    yield "<input type='keyboard' bus='ps2'/>"
    yield "<graphics type='vnc' port='-1' autoport='yes'><listen type='address'/></graphics>"
    yield "<audio id='1' type='none'/>"
    yield (
        "<video><model type='vga' vram='16384' heads='1' primary='yes'/>"
        "<address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0'/></video>"
    )
    yield f"<memballoon model='virtio'>{on_port()}</memballoon>"
    yield (f"<rng model='virtio'><backend model='random'>/dev/urandom</backend>{on_port()}</rng>")
