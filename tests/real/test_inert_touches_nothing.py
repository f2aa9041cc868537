"""A command line full of the host's things, started inertly under strace: none is touched."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest

from pciabi.qemu.inert.hardware import inert
from pciabi.vm import reading

PAUSED = ("-S", "-accel", "tcg", "-display", "none", "-monitor", "stdio")
CONNECTION = re.compile(r"\b(connect|bind|listen|accept4?)\(|AF_INET")

# HERE is a folder with a file of every name below; PORT an address nobody else uses.
NASTY = r"""
exec qemu-system-x86_64 -name guest=vm,process=HERE/name -machine q35,accel=kvm,pflash0=pf0 \
 -cpu host,migratable=on -smp 4 -m 64G -mem-path HERE/hugepages -mem-prealloc \
 -blockdev '{"driver":"file","filename":"HERE/flash","node-name":"pf0","read-only":true}' \
 -blockdev '{"driver":"qcow2","node-name":"d0","file":{"driver":"file","filename":"HERE/qcow2"}}' \
 -device '{"driver":"virtio-blk-pci","drive":"d0","id":"disk0","bootindex":1}' \
 -drive file=HERE/virtio,if=virtio,format=raw,id=dv -drive file=nbd:127.0.0.1:9990,if=none,id=dn \
 -device nvme,drive=dn,serial=1,id=nvme0 -cdrom HERE/cdrom -hda HERE/hda -fda HERE/fda -snapshot \
 -object memory-backend-file,id=shm0,mem-path=HERE/shm,size=4M,share=on \
 -device ivshmem-plain,memdev=shm0,id=shm1 -device ivshmem-doorbell,chardev=ivs,id=shm2 \
 -chardev socket,id=ivs,path=HERE/ivshmem \
 -object secret,id=s0,file=HERE/secret -object rng-random,id=rng0,filename=HERE/random \
 -object tls-creds-x509,id=tls0,dir=HERE/tls,endpoint=server \
 -object input-linux,id=k,evdev=HERE/ev \
 -device virtio-rng-pci,rng=rng0,id=rng1 -device virtio-input-host-pci,evdev=HERE/evdev,id=input0 \
 -netdev tap,id=n0,ifname=pciabi0,script=HERE/up,downscript=HERE/down,vhost=on,queues=4 \
 -device virtio-net-pci,netdev=n0,id=net0,mq=on,romfile=HERE/rom \
 -netdev socket,id=n1,listen=127.0.0.1:9991 -device e1000,netdev=n1,id=net1 \
 -netdev user,id=n2,hostfwd=tcp:127.0.0.1:9992-:22,smb=HERE/smb,tftp=HERE/tftp \
 -device rtl8139,netdev=n2,id=net2 -nic bridge,br=pciabibr0,model=pcnet,helper=HERE/helper \
 -device virtio-serial-pci,id=vs0 -device virtserialport,chardev=c0,name=org.example \
 -chardev socket,id=c0,path=HERE/socket,server=on,wait=off,logfile=HERE/chardev.log \
 -chardev socket,id=vfs,path=HERE/virtiofs -device vhost-user-fs-pci,chardev=vfs,tag=t,id=fs0 \
 -device vhost-vsock-pci,guest-cid=7,id=vsock0 -device vfio-pci,host=01:00.0,id=hostdev0 \
 -fsdev local,id=f0,path=HERE/share,security_model=none -device usb-mtp,rootdir=HERE/mtp \
 -device virtio-9p-pci,fsdev=f0,mount_tag=m,id=p9 \
 -virtfs local,path=HERE/share2,mount_tag=n,security_model=none \
 -chardev socket,id=tpm,path=HERE/tpm -tpmdev emulator,id=t0,chardev=tpm -device tpm-tis,tpmdev=t0 \
 -audiodev wav,id=snd,path=HERE/wav -device ich9-intel-hda,id=hda0 -device hda-duplex,audiodev=snd \
 -device AC97,id=ac0 -usb -device usb-ehci,id=ehci0 -device usb-tablet,pcap=HERE/pcap \
 -device usb-host,hostbus=1,hostaddr=1 -device loader,file=HERE/loader,addr=0x1000 \
 -kernel HERE/kernel -initrd HERE/initrd -append x -bios HERE/bios -L HERE/firmware \
 -option-rom HERE/option-rom -monitor unix:HERE/monitor,server,nowait \
 -qmp tcp:127.0.0.1:9993,server,nowait -serial file:HERE/serial -parallel file:HERE/parallel \
 -debugcon file:HERE/debugcon -gdb tcp:127.0.0.1:9994 -vnc 127.0.0.1:9 -spice port=9995 \
 -vga qxl -pidfile HERE/pidfile -daemonize -D HERE/log -d int -trace file=HERE/trace \
 -incoming tcp:127.0.0.1:9996 -loadvm snapshot -sandbox on -runas nobody -chroot HERE/chroot \
 -smbios file=HERE/smbios -acpitable file=HERE/acpi -fw_cfg name=opt/x,file=HERE/fw_cfg \
 -boot order=c,splash=HERE/splash -rtc base=utc -add-fd fd=0,set=1 -plugin HERE/plugin
"""


def traced(argv: tuple[str, ...], log: Path) -> tuple[str, list[str]]:
    """What QEMU's monitor says when it is asked and ended, and every call of its that names a
    file, uses a socket or starts a program."""
    calls = "trace=%file,%network,execve,execveat"
    result = subprocess.run(
        ["strace", "-f", "-o", str(log), "-s", "500", "-e", calls, *argv, *PAUSED],
        input="info status\nquit\n",
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    return result.stdout + result.stderr, log.read_text().splitlines()


@pytest.fixture
def here(tmp_path: Path) -> Path:
    """A folder with a file for every name in the command line, so that each could be opened."""
    folder = tmp_path / "named-by-the-configuration"
    folder.mkdir()
    for name in re.findall(r"HERE/([\w.-]+)", NASTY):
        (folder / name).write_bytes(b"untouched")
    return folder


def test_nothing_the_configuration_names_is_touched(here: Path, tmp_path: Path) -> None:
    script = tmp_path / "vm.sh"
    script.write_text(NASTY.replace("HERE", str(here)))
    hardware = inert(reading.read(script))
    said, calls = traced(("qemu-system-x86_64", *hardware.arguments), tmp_path / "strace")
    assert "VM status: paused" in said
    assert [call for call in calls if here.name in call and "execve" not in call] == []
    assert [call for call in calls if CONNECTION.search(call)] == []
    assert [call for call in calls if "execve" in call] == calls[:1]
    assert {path.read_bytes() for path in here.iterdir()} == {b"untouched"}
    names = set(re.findall(r"HERE/([\w.-]+)", NASTY))
    assert {path.name for path in here.iterdir()} == names
    assert not any(here.name in argument for argument in hardware.arguments)
    assert set(hardware.expected) == {
        *("disk0", "nvme0", "shm1", "shm2", "rng1", "input0", "net0", "net1", "net2", "vs0"),
        *("fs0", "vsock0", "hostdev0", "p9", "hda0", "ac0", "ehci0"),
    }


def test_the_watch_sees_what_is_touched(here: Path, tmp_path: Path) -> None:
    """The same watch over a few of the same options as they are written finds each of them."""
    argv = (
        *("qemu-system-x86_64", "-nodefaults"),
        *("-drive", f"file={here}/hda,if=none,format=raw"),
        *("-chardev", f"file,id=c,path={here}/serial"),
        *("-netdev", "socket,id=n,udp=127.0.0.1:9,localaddr=127.0.0.1:0"),
    )
    said, calls = traced(argv, tmp_path / "strace")
    assert "VM status: paused" in said
    assert {name for name in ("hda", "serial") if any(f"{here}/{name}" in c for c in calls)} == {
        "hda",
        "serial",
    }
    assert any(CONNECTION.search(call) for call in calls)
