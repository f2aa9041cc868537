"""A domain's devices other than NICs and disks: what is written of each, by release."""

from __future__ import annotations

import re
from dataclasses import replace

import pytest

from pciabi.errors import InputError
from pciabi.vm.domain import (
    balloons,
    crash_stores,
    cryptography,
    filesystems,
    hostdevs,
    inputs,
    iommus,
    random_numbers,
    serial_ports,
    shared_memories,
    sockets,
    sounds,
    usb_devices,
    videos,
    watchdogs,
)
from pciabi.vm.domain.dialect import Dialect
from tests.unit.domain_options import (
    HERE,
    NEW,
    NEWEST,
    OLD,
    PC,
    Q35,
    Writer,
    domain,
    options,
    pci,
)

P = pci(3)
AT = "bus=pci.0,addr=0x3"
VNC = "<graphics type='vnc'/>"


def video(model: str, driver: str = "", slot: int = 3) -> str:
    return f"<video>{driver}<model {model}/>{pci(slot)}</video>"


def virtio_video(accel3d: str) -> str:
    return f"<video><model type='virtio'><acceleration accel3d='{accel3d}'/></model>{P}</video>"


@pytest.mark.parametrize(
    ("writer", "device", "written"),
    [
        (
            balloons.options,
            f"<memballoon model='virtio-transitional' autodeflate='on'><stats period='5'/>{P}"
            "</memballoon>",
            [f"-device virtio-balloon-pci-transitional,id=balloon0,deflate-on-oom=on,{AT}"],
        ),
        (balloons.options, "<memballoon model='none'/>", []),
        (
            random_numbers.options,
            f"<rng model='virtio'><rate bytes='9'/><backend model='random'>/dev/random</backend>{P}"
            "</rng>",
            [
                "-object rng-random,id=objrng0",
                f"-device virtio-rng-pci,rng=objrng0,id=rng0,max-bytes=9,period=1000,{AT}",
            ],
        ),
        (
            random_numbers.options,
            f"<rng model='virtio'><backend model='egd' type='tcp'><source mode='connect'/>"
            f"</backend>{P}</rng>",
            [
                "-chardev socket,id=charrng0",
                "-object rng-egd,id=objrng0,chardev=charrng0",
                f"-device virtio-rng-pci,rng=objrng0,id=rng0,{AT}",
            ],
        ),
        (
            inputs.options,
            f"<input type='passthrough' bus='virtio'><source evdev='/dev/a'/>{P}</input>",
            [f"-device virtio-input-host-pci,id=input0,evdev=/dev/a,{AT}"],
        ),
        (
            inputs.options,
            "<controller type='usb' index='1' model='qemu-xhci'/><input type='tablet' bus='usb'>"
            "<address type='usb' bus='1' port='2.1'/></input><input type='mouse' bus='ps2'/>"
            "<input type='evdev'><source dev='/dev/b' grab='all'/></input>",
            ["-device usb-tablet,id=input0,bus=usb1.0,port=2.1"],
        ),
        (
            sounds.options,
            f"<sound model='ich9'>{P}</sound>",
            [
                f"-device ich9-intel-hda,id=sound0,{AT}",
                "-device hda-duplex,id=sound0-codec0,bus=sound0.0,cad=0",
            ],
        ),
        (
            sounds.options,
            f"<sound model='pcspk'/><sound model='es1370'>{P}</sound>",
            [f"-device ES1370,id=sound1,{AT}"],
        ),
        (
            watchdogs.options,
            f"<watchdog model='i6300esb' action='reset'>{P}</watchdog>",
            [f"-device i6300esb,id=watchdog0,{AT}"],
        ),
        (watchdogs.options, "<watchdog model='ib700'/>", ["-device ib700,id=watchdog0"]),
        (
            sockets.options,
            f"<vsock model='virtio-non-transitional'><cid auto='no' address='42'/>{P}</vsock>",
            [f"-device vhost-vsock-pci-non-transitional,id=vsock0,guest-cid=42,{AT}"],
        ),
        (
            shared_memories.options,
            f"<shmem name='a' role='master'><model type='ivshmem-plain'/><size unit='M'>8</size>{P}"
            "</shmem>",
            [
                "-object memory-backend-file,id=shmmem-shmem0,size=8388608",
                f"-device ivshmem-plain,id=shmem0,memdev=shmmem-shmem0,master=on,{AT}",
            ],
        ),
        (
            shared_memories.options,
            "<shmem name='a'><model type='ivshmem-doorbell'/><server path='/a'/>"
            f"<msi vectors='8' ioeventfd='on'/>{P}</shmem>",
            [
                "-device ivshmem-doorbell,id=shmem0,chardev=charshmem0,vectors=8,ioeventfd=on,"
                f"{AT}",
                "-chardev socket,id=charshmem0",
            ],
        ),
        (
            filesystems.options,
            f"<filesystem model='virtio-transitional'><source dir='/a'/><target dir='b'/>{P}"
            "</filesystem>",
            [
                "-fsdev local,id=fsdev-fs0",
                f"-device virtio-9p-pci-transitional,id=fs0,fsdev=fsdev-fs0,mount_tag=b,{AT}",
            ],
        ),
        (
            filesystems.options,
            f"<filesystem><driver type='virtiofs' queue='64'/><source dir='/a'/><target dir='b'/>"
            f"<boot order='2'/>{P}</filesystem>",
            [
                "-chardev socket,id=chr-vu-fs0",
                f"-device vhost-user-fs-pci,chardev=chr-vu-fs0,queue-size=64,tag=b,{AT}",
            ],
        ),
        (
            serial_ports.serials,
            f"<serial type='dev'><target type='isa-serial'/></serial><serial type='pty'><target "
            f"type='pci-serial' port='1'><model name='pci-serial'/></target>{P}</serial>",
            [
                "-chardev serial,id=charserial0",
                "-device isa-serial,chardev=charserial0,id=serial0",
                "-chardev pty,id=charserial1",
                f"-device pci-serial,chardev=charserial1,id=serial1,{AT}",
            ],
        ),
        (serial_ports.serials, "<serial type='spiceport'/>", []),
        (
            serial_ports.parallels,
            "<parallel type='dev'/>",
            [
                "-chardev parallel,id=charparallel0",
                "-device isa-parallel,chardev=charparallel0,id=parallel0",
            ],
        ),
        (
            serial_ports.channels,
            "<controller type='virtio-serial' index='0'/><channel type='spicevmc'><target "
            "type='virtio'/><address type='virtio-serial' controller='0' bus='0' port='2'/>"
            "</channel><channel type='unix'><target type='guestfwd' address='10.0.2.1' port='4'/>"
            "</channel>",
            [
                "-chardev spicevmc,id=charchannel0",
                "-device virtserialport,bus=virtio-serial0.0,nr=2,chardev=charchannel0,"
                "id=channel0,name=com.redhat.spice.0",
                "-chardev socket,id=charchannel1",
                "-netdev user,id=channel1",
            ],
        ),
        (
            serial_ports.consoles,
            "<serial type='pty'/><console type='pty'><target type='serial'/></console>"
            "<console type='pty'><target type='virtio'/></console>",
            [
                "-chardev pty,id=charconsole1",
                "-device virtconsole,chardev=charconsole1,id=console1",
            ],
        ),
        (
            usb_devices.redirections,
            "<redirdev bus='usb' type='tcp'><source mode='connect'/></redirdev>",
            [
                "-chardev socket,id=charredir0",
                "-device usb-redir,chardev=charredir0,id=redir0",
            ],
        ),
        (usb_devices.hubs, "<hub type='usb'/>", ["-device usb-hub,id=hub0"]),
        (
            usb_devices.smart_cards,
            "<controller type='ccid' index='0'/><smartcard mode='host'/>",
            ["-device ccid-card-emulated,backend=nss-emulated,id=smartcard0,bus=ccid0.0"],
        ),
        (
            hostdevs.options,
            "<hostdev mode='subsystem' type='mdev' model='vfio-pci' ramfb='on'><source>"
            f"<address uuid='1-2'/></source>{P}</hostdev>",
            [
                "-device vfio-pci-nohotplug,id=hostdev0,sysfsdev=/sys/bus/mdev/devices/1-2,"
                f"display=off,ramfb=on,{AT}"
            ],
        ),
        (
            hostdevs.options,
            "<hostdev mode='subsystem' type='scsi_host' model='virtio-transitional'><source "
            f"protocol='vhost' wwpn='naa.5'/>{P}</hostdev>",
            [f"-device vhost-scsi-pci-transitional,wwpn=naa.5,id=hostdev0,{AT}"],
        ),
        (
            hostdevs.options,
            "<hostdev mode='subsystem' type='pci'><source><address bus='1'/></source>"
            "<address type='unassigned'/></hostdev>"
            "<hostdev mode='subsystem' type='usb'><source><vendor id='0x1'/></source></hostdev>",
            ["-device usb-host,id=hostdev1"],
        ),
        (
            videos.options,
            video("type='qxl' ram='65536' vram='100000' vram64='0' vgamem='16384' heads='2'"),
            [
                "-device qxl-vga,id=video0,max_outputs=2,ram_size=67108864,vram_size=134217728,"
                f"vram64_size_mb=0,vgamem_mb=16,{AT}"
            ],
        ),
        (
            videos.options,
            video("type='bochs'"),
            [f"-device bochs-display,id=video0,vgamem=16777216,{AT}"],
        ),
        (videos.options, "<video><model type='ramfb'/></video>", ["-device ramfb,id=video0"]),
        (videos.options, "<video><model type='none'/></video>", []),
        (
            videos.options,
            video("type='virtio' heads='3'") + video("type='vga' primary='yes'", slot=2),
            [
                "-device VGA,id=video0,vgamem_mb=16,bus=pci.0,addr=0x2",
                f"-device virtio-gpu-pci,id=video1,max_outputs=3,{AT}",
            ],
        ),
        (
            videos.options,
            video("type='virtio'", "<driver name='vhostuser' packed='on'/>"),
            [
                "-chardev socket,id=chr-vu-video0",
                f"-device vhost-user-vga,packed=on,id=video0,max_outputs=1,chardev=chr-vu-video0,"
                f"{AT}",
            ],
        ),
        (
            videos.options,
            virtio_video("yes"),
            [f"-device virtio-vga,id=video0,max_outputs=1,virgl=on,{AT}"],
        ),
    ],
)
def test_what_libvirt_7_writes(writer: Writer, device: str, written: list[str]) -> None:
    assert options(writer, domain(device, OLD)) == written


@pytest.mark.parametrize(
    ("writer", "device", "dialect", "words"),
    [
        (videos.options, virtio_video("yes"), HERE, '"driver":"virtio-vga-gl"'),
        (videos.options, virtio_video("no"), HERE, '"driver":"virtio-vga"'),
        (videos.options, video("type='virtio' blob='on'"), NEW, '"blob":true'),
        # libvirt 12.8 heeds the device; 11.3, asked the same, takes what its QEMU has.
        *(
            (
                videos.options,
                video(f"type='virtio' device='{device}'", driver),
                dialect,
                f'"driver":"{written}"',
            )
            for device, driver, dialect, written in (
                ("virtio-gpu", "", NEWEST, "virtio-gpu-pci"),
                ("virtio-gpu", "", NEW, "virtio-vga"),
                ("virtio-vga", "", NEWEST, "virtio-vga"),
                ("virtio-gpu-gl", "", NEWEST, "virtio-gpu-gl-pci"),
                ("vhost-user-gpu", "<driver name='vhostuser'/>", NEWEST, "vhost-user-gpu-pci"),
            )
        ),
        (videos.options, video("type='vga' device='virtio-vga'"), NEWEST, '"driver":"VGA"'),
        (
            videos.options,
            video("type='virtio'", "<driver name='vhostuser' packed='on'/>"),
            NEW,
            '"driver":"vhost-user-vga","id":"video0"',
        ),
        (
            filesystems.options,
            "<filesystem><driver type='virtiofs'/><source dir='/a'/><target dir='b'/>"
            f"<boot order='2'/>{P}</filesystem>",
            HERE,
            '"id":"fs0","chardev":"chr-vu-fs0","tag":"b","bootindex":2',
        ),
        (
            hostdevs.options,
            "<hostdev mode='subsystem' type='pci' display='on' ramfb='on'><source><address "
            f"bus='0x1f'/></source><teaming type='transient' persistent='ua-x'/>{P}</hostdev>",
            NEW,
            '"driver":"vfio-pci-nohotplug","host":"0000:1f:00.0","id":"hostdev0",'
            '"failover_pair_id":"ua-x","display":"on","ramfb":true',
        ),
        (
            sounds.options,
            f"<sound model='virtio' streams='3'><driver packed='on'/>{P}</sound>",
            NEW,
            '"driver":"virtio-sound-pci","packed":true,"id":"sound0","streams":3',
        ),
        (
            cryptography.options,
            f"<crypto model='virtio' type='qemu'><backend model='lkcf' queues='2'/>{P}</crypto>",
            NEW,
            '"driver":"virtio-crypto-pci","cryptodev":"objcrypto0","id":"crypto0"',
        ),
        (
            crash_stores.options,
            f"<pstore backend='acpi-erst'><path>/a</path><size unit='KiB'>8</size>{P}</pstore>",
            NEW,
            '"driver":"acpi-erst","id":"pstore0","memdev":"mempstore0"',
        ),
        (
            serial_ports.serials,
            "<serial type='pty'/><serial type='pty'/>",
            NEW,
            '"driver":"isa-serial","chardev":"charserial1","id":"serial1","index":1',
        ),
    ],
)
def test_what_newer_libvirts_write(
    writer: Writer, device: str, dialect: Dialect, words: str
) -> None:
    assert words in options(writer, domain(device, dialect))[-1].replace(", ", ",")


@pytest.mark.parametrize(
    ("writer", "device"),
    [
        (cryptography.options, "<crypto model='virtio'/>"),
        (crash_stores.options, "<pstore backend='acpi-erst'/>"),
        (sounds.options, "<sound model='virtio'/>"),
        (watchdogs.options, "<watchdog model='itco'/>"),
    ],
)
def test_what_an_older_libvirt_has_no_word_for(writer: Writer, device: str) -> None:
    with pytest.raises(InputError, match=r"is nothing that libvirt 9\.0\.0 knows"):
        options(writer, domain(device, HERE))


@pytest.mark.parametrize(
    ("writer", "device", "object_"),
    [
        (
            cryptography.options,
            f"<crypto model='virtio' type='qemu'><backend model='lkcf' queues='2'/>{P}</crypto>",
            "-object cryptodev-backend-lkcf,id=objcrypto0,queues=2",
        ),
        (
            crash_stores.options,
            f"<pstore backend='acpi-erst'><path>/a</path><size unit='KiB'>8</size>{P}</pstore>",
            "-object memory-backend-file,id=mempstore0,size=8192",
        ),
        (
            crash_stores.options,
            f"<pstore backend='acpi-erst'><path>/a</path><size>8</size>{P}</pstore>",
            "-object memory-backend-file,id=mempstore0,size=8192",
        ),
    ],
)
def test_what_is_behind_a_device(writer: Writer, device: str, object_: str) -> None:
    assert options(writer, domain(device, NEW))[0] == object_


@pytest.mark.parametrize(
    ("kind", "dialect", "driver"),
    [
        ("passthrough", OLD, "virtio-input-host-pci-transitional"),
        ("passthrough", HERE, "virtio-input-host-pci"),
        ("mouse", OLD, "virtio-mouse-pci"),
    ],
)
def test_an_input_device_of_a_model(kind: str, dialect: Dialect, driver: str) -> None:
    given = domain(
        f"<input type='{kind}' bus='virtio' model='virtio-transitional'>{P}</input>", dialect
    )
    (device,) = options(inputs.options, given)
    assert driver in re.split('[ ",:]+', device)


def test_the_hosts_keyboard_is_no_device() -> None:
    given = domain("<input type='evdev' bus='usb'><source dev='/dev/b'/></input>")
    assert options(inputs.options, given) == []


def test_libvirt_writes_one_smart_card() -> None:
    given = domain(
        "<controller type='ccid' index='0'/><smartcard mode='host'/><smartcard mode='host'/>"
    )
    assert len(options(usb_devices.smart_cards, given)) == 1


def test_the_chipsets_own_watchdog_is_told_to_be_heeded() -> None:
    given = domain("<watchdog model='itco'/><watchdog model='itco'/>", NEW)
    assert options(watchdogs.options, given) == ["-global ICH9-LPC.noreboot=off"]
    # libvirt 11.3 adds it to a Q35 without any, 7.0 does not.
    for dialect, written in ((NEW, ["-global ICH9-LPC.noreboot=off"]), (OLD, [])):
        assert options(watchdogs.options, domain("", dialect, machine=Q35)) == written


@pytest.mark.parametrize(
    ("writer", "device", "words"),
    [
        (balloons.options, "", "libvirt would add one"),
        (videos.options, VNC, "there is no <video>: libvirt would add one"),
        (videos.options, VNC + "<video/>", "has no model"),
        (videos.options, VNC + "<video><model type='default'/></video>", "has no model"),
        (serial_ports.consoles, "<console type='pty'/>", "libvirt would add a <serial>"),
        (shared_memories.options, "<shmem name='a'/>", "has no model"),
        (random_numbers.options, f"<rng model='virtio'>{P}</rng>", "backend model=''"),
        (videos.options, video("type='vga'") + video("type='vga'", slot=4), "model type='vga'"),
        (hostdevs.options, "<hostdev mode='capabilities' type='misc'/>", "mode='capabilities'"),
        (hostdevs.options, "<hostdev type='ap'/>", "type='ap' is not known"),
        (hostdevs.options, "<hostdev type='mdev' model='vfio-ap'/>", "model='vfio-ap'"),
        (inputs.options, "<input type='tablet' bus='xen'/>", "bus='xen' is not known"),
        (sockets.options, f"<vsock model='virtio-9'>{P}</vsock>", "model='virtio-9'"),
        (watchdogs.options, "<watchdog model='diag288'/>", "model='diag288' is not known"),
        (sounds.options, "<sound model='ich7'/>", "model='ich7' is not known"),
        (filesystems.options, "<filesystem><driver type='loop'/></filesystem>", "type='loop'"),
        (serial_ports.channels, "<channel type='pty'><target type='xen'/></channel>", "type='xen'"),
        (
            shared_memories.options,
            "<shmem name='a'><model type='ivshmem-plain'/><size unit='furlong'>1</size></shmem>",
            "is no size",
        ),
    ],
)
def test_what_is_left_open_or_not_known_is_refused(writer: Writer, device: str, words: str) -> None:
    with pytest.raises(InputError) as told:
        options(writer, domain(device, OLD, machine=PC))
    assert words in str(told.value)
    assert told.value.place is not None


@pytest.mark.parametrize(
    ("given", "lacking", "driver"),
    [
        (video("type='virtio'"), "virtio-vga", "virtio-gpu-pci"),
        (
            video("type='virtio'", "<driver name='vhostuser'/>"),
            "vhost-user-vga",
            "vhost-user-gpu-pci",
        ),
        (video("type='virtio'"), "vhost-user-vga", "virtio-vga"),
        (video("type='vga'"), "virtio-vga", "VGA"),
    ],
)
def test_a_qemu_without_its_modules_has_no_vga_of_virtio(
    given: str, lacking: str, driver: str
) -> None:
    dialect = replace(OLD, lacking=frozenset({lacking}))
    *_, device = options(videos.options, domain(given, dialect))
    assert device.startswith(f"-device {driver},")


@pytest.mark.parametrize(
    ("given", "drivers"),
    [
        ("", set()),
        (video("type='vga'") + video("type='virtio'", slot=4), set()),
        (video("type='vga'") + video("type='virtio' primary='yes'", slot=4), {"virtio-vga"}),
        (video("type='virtio'", "<driver name='vhostuser'/>"), {"vhost-user-vga"}),
    ],
)
def test_which_drivers_are_asked_for(given: str, drivers: set[str]) -> None:
    assert videos.in_modules(domain(given).root) == drivers


@pytest.mark.parametrize(
    ("device", "driver"),
    [
        ("virtio-vga", "virtio-vga"),
        ("virtio-gpu", "virtio-gpu-pci"),
        ("virtio-gpu-gl", "virtio-gpu-gl-pci"),
    ],
)
def test_a_virtio_gpu_is_what_its_device_says(device: str, driver: str) -> None:
    """As libvirt 12.8 defines and starts one; before 12.5 none looks at it."""
    xml = video(f"type='virtio' heads='1' device='{device}'")
    (newest,) = options(videos.options, domain(xml, Dialect((12, 8, 0), (11, 1, 3))))
    assert f'"driver": "{driver}"' in newest.replace('":"', '": "')
    (older,) = options(videos.options, domain(xml))
    assert '"virtio-vga"' in older


def test_an_iommu_follows_the_controllers_that_it_may_be_on() -> None:
    """As libvirt 12.8 writes it; 11.3 writes it first."""
    iommu = domain(f"<iommu model='virtio'>{P}</iommu>")
    newest = replace(iommu, dialect=Dialect((12, 8, 0), (11, 1, 3)))
    for written, is_first in ((iommu, True), (newest, False)):
        assert bool(options(iommus.before_the_controllers, written)) is is_first
        assert bool(options(iommus.behind_the_controllers, written)) is not is_first
