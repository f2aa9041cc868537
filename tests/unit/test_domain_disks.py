"""Disks of a domain: their images, their places, their devices."""

from __future__ import annotations

from contextlib import suppress
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.vm import xml_tree
from pciabi.vm.domain import disk_places, disks
from pciabi.vm.domain.dialect import Dialect
from pciabi.vm.domain.disk_order import in_order
from pciabi.vm.domain.disk_places import DiskPlace
from pciabi.vm.xml_tree import Element
from tests.unit.domain_options import HERE, NEW, OLD, PC, Q35, domain, options, pci

IMAGE = "<source file='/a'/>"


def disk(dev: str, bus: str, inner: str = IMAGE, attributes: str = "") -> str:
    return (
        f"<disk type='file' {attributes}>{inner}<target dev='{dev}' bus='{bus}'/>"
        f"{pci(4) if bus == 'virtio' else ''}</disk>"
    )


def element(text: str) -> Element:
    (found,) = xml_tree.read("a.xml", text).children
    return found


def devices(text: str, dialect: Dialect = OLD, machine: str = PC, os: str = "") -> list[str]:
    found = options(disks.options, domain(text, dialect, machine=machine, os=os))
    return [one for one in found if not one.startswith("-blockdev")]


SCSI = "<controller type='scsi' index='0' model='{}'/>"


@pytest.mark.parametrize(
    ("text", "machine", "device"),
    [
        (
            disk("hdc", "ide"),
            PC,
            "ide-hd,bus=ide.1,unit=0,drive=libvirt-1-format,id=ide0-1-0,bootindex=1",
        ),
        (
            disk("sdb", "sata", "<readonly/>", "device='cdrom'"),
            Q35,
            "ide-cd,bus=ide.1,id=sata0-0-1",
        ),
        (
            "<controller type='sata' index='1'/>" + disk("sdg", "sata"),
            Q35,
            "ide-hd,bus=sata1.0,drive=libvirt-1-format,id=sata1-0-0,bootindex=1",
        ),
        (
            SCSI.format("virtio-scsi") + disk("sda", "scsi"),
            Q35,
            "scsi-hd,bus=scsi0.0,channel=0,scsi-id=0,lun=0,device_id=drive-scsi0-0-0-0,"
            "drive=libvirt-1-format,id=scsi0-0-0-0,bootindex=1",
        ),
        (
            SCSI.format("lsilogic") + disk("sdb", "scsi", IMAGE + "<serial>x</serial>"),
            PC,
            "scsi-hd,bus=scsi0.0,scsi-id=1,device_id=x,drive=libvirt-1-format,id=scsi0-0-1,"
            "bootindex=1,serial=x",
        ),
        (
            SCSI.format("virtio-scsi") + disk("sda", "scsi", IMAGE, "device='lun'"),
            Q35,
            "scsi-block,bus=scsi0.0,channel=0,scsi-id=0,lun=0,drive=libvirt-1-format,"
            "id=scsi0-0-0-0,bootindex=1",
        ),
        (
            disk("sda", "usb"),
            PC,
            "usb-storage,removable=off,drive=libvirt-1-format,id=usb-disk0,bootindex=1",
        ),
        (
            disk("vdc", "virtio"),
            PC,
            "virtio-blk-pci,bus=pci.0,addr=0x4,drive=libvirt-1-format,id=virtio-disk2,bootindex=1",
        ),
    ],
)
def test_a_disk_by_its_bus(text: str, machine: str, device: str) -> None:
    assert devices(text, OLD, machine) == [f"-device {device}"]


@pytest.mark.parametrize(
    ("driver", "dialect", "words"),
    [
        (" queues='2' iothread='3'", OLD, ["iothread=iothread3", "num-queues=2"]),
        (" cache='writethrough'", OLD, ["write-cache=off"]),
        (" cache='none'", HERE, ['"write-cache": "on"']),
        (" error_policy='stop'", OLD, ["werror=stop,rerror=stop"]),
        (" error_policy='enospace'", OLD, ["werror=enospc"]),
        (" error_policy='ignore' rerror_policy='stop'", OLD, ["werror=ignore,rerror=stop"]),
        (" queue_size='256'", HERE, ['"queue-size": 256']),
        (" iommu='on' packed='off'", OLD, ["iommu_platform=on,packed=off"]),
    ],
)
def test_the_driver_of_a_virtio_disk(driver: str, dialect: Dialect, words: list[str]) -> None:
    (found,) = devices(disk("vda", "virtio", f"<driver name='qemu'{driver}/>{IMAGE}"), dialect)
    for word in words:
        assert word.replace(": ", ":") in found


def test_what_older_libvirts_know_nothing_of() -> None:
    text = "<disk type='file'><driver queue_size='256'/><source file='/a'/><target dev='vda' "
    text += f"bus='virtio' rotation_rate='7200'/>{pci(4)}</disk>"
    assert "queue-size" not in devices(text, OLD)[0]
    assert "rotation_rate" not in devices(text, OLD)[0]
    assert '"rotation_rate":7200' in devices(text, NEW)[0]


def test_an_error_policy_for_writing_alone() -> None:
    (found,) = devices(disk("vda", "virtio", f"<driver error_policy='enospace'/>{IMAGE}"))
    assert "rerror" not in found


def test_a_guest_reads_a_serial_number_as_libvirt_escapes_it() -> None:
    (found,) = devices(disk("vda", "virtio", IMAGE + "<serial>a b\\c</serial>"))
    assert found.endswith(r",serial=a\ b\c")


def test_a_product_is_an_ide_disks_model_since_libvirt_11_1() -> None:
    text = disk("hda", "ide", IMAGE + "<product>Quick</product>")
    assert ",product=Quick," in devices(text, OLD)[0]
    assert '"model":"Quick"' in devices(text, NEW)[0].replace(": ", ":")


def test_which_thread_serves_which_queue() -> None:
    threads = "<iothread id='2'><queue id='0'/><queue id='3'/></iothread><iothread id='1'/>"
    text = disk("vda", "virtio", f"<driver queues='4'><iothreads>{threads}</iothreads></driver>")
    assert (
        '"iothread-vq-mapping":[{"iothread": "iothread2", "vqs": [0, 3]}, '
        '{"iothread": "iothread1"}]' in devices(text, NEW)[0]
    )
    assert "mapping" not in devices(text, OLD)[0]


def test_a_cd_rom_is_only_read() -> None:
    for attributes, is_read in (("device='cdrom'", "true"), ("", "false")):
        (node, _) = options(disks.options, domain(disk("hda", "ide", IMAGE, attributes)))
        assert f'"read-only":{is_read}' in node


def test_a_virtio_disk_passes_scsi_on_as_long_as_qemu_can() -> None:
    text = disk("vda", "virtio", "<source dev='/dev/a'/>", "device='lun'")
    assert ",scsi=on," in devices(text, OLD)[0]
    assert "scsi" not in devices(text, NEW)[0]


def test_two_guests_see_what_either_writes_to_a_disk_that_they_share() -> None:
    (found,) = devices(disk("vda", "virtio", IMAGE + "<shareable/>"))
    assert ",share-rw=on," in found
    assert found.endswith(",write-cache=on")


def test_a_daemon_is_a_disk() -> None:
    text = disk("vda", "virtio", "<source type='unix' path='/a'/>").replace("'file'", "'vhostuser'")
    assert devices(text) == [
        "-chardev socket,id=chr-vu-virtio-disk0",
        "-device vhost-user-blk-pci,bus=pci.0,addr=0x4,chardev=chr-vu-virtio-disk0,"
        "id=virtio-disk0,bootindex=1",
    ]


def test_a_floppy_controller_is_told_what_boots() -> None:
    floppy = disk("fda", "fdc", "", "device='floppy'")
    boot = "<boot dev='fd'/>"
    drive = "-device floppy,unit=0,id=fdc0-0-0"
    assert devices(floppy, OLD, PC, boot) == ["-global isa-fdc.bootindexA=1", drive]
    assert devices(floppy, OLD, Q35, boot) == ["-device isa-fdc,bootindexA=1", drive]


def test_an_image_is_one_node() -> None:
    text = disk("vda", "virtio", f"<driver type='qcow2' detect_zeroes='unmap'/>{IMAGE}<readonly/>")
    (node, _) = options(disks.options, domain(text))
    assert node == (
        '-blockdev {"driver":"qcow2","node-name":"libvirt-1-format","read-only":true,'
        '"detect-zeroes":"on"}'
    )


def test_the_first_of_each_kind_boots_as_os_says() -> None:
    text = disk("vdb", "virtio") + disk("vda", "virtio") + disk("hda", "ide", "", "device='cdrom'")
    found = devices(text, OLD, PC, "<boot dev='cdrom'/><boot dev='hd'/>")
    assert [("virtio-disk0" in one, one.rpartition("bootindex=")[2][:1]) for one in found] == [
        (True, "2"),
        (False, "-"),
        (False, "1"),
    ]


def test_own_orders_leave_os_nothing_to_say() -> None:
    text = disk("vda", "virtio") + disk("vdb", "virtio", IMAGE + "<boot order='1'/>")
    found = devices(text)
    assert ["bootindex" in one for one in found] == [False, True]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (disk("mmcblk0", "sd"), "is not the name of a disk"),
        (disk("vda", "sd"), "target bus='sd' is not known"),
        (disk("vda", "virtio", "<driver cache='hot'/>"), "driver cache='hot' is not known"),
        (disk("hda", "ide", "<wwn>xyz</wwn>"), "is not a hexadecimal number"),
        (disk("vda", "virtio", IMAGE, "model='virtio-2'"), "model='virtio-2' is not known"),
        (disk("vda", "virtio", "<hue/>"), "<hue> is not known"),
        (disk("sda", "scsi"), "there is no controller type='scsi' index='0'"),
    ],
)
def test_what_is_not_known_is_refused(text: str, words: str) -> None:
    with pytest.raises(InputError, match=r"a\.xml:5"):
        devices(text)
    with pytest.raises(InputError) as told:
        devices(text)
    assert words in str(told.value)


@given(st.integers(0, 20_000))
def test_a_name_says_which_disk_it_is(index: int) -> None:
    letters, left = "", index + 1
    while left:
        left, letter = divmod(left - 1, 26)
        letters = chr(ord("a") + letter) + letters
    found = element(f"<disk><target dev='vd{letters}'/></disk>")
    assert disk_places.index_of_name(found) == index


@given(st.text(max_size=30))
def test_a_name_is_a_disks_or_is_refused(name: str) -> None:
    found = Element("disk", {}, element("<disk/>").start)
    found.children.append(Element("target", {"dev": name}, found.start))
    with suppress(InputError):
        assert disk_places.index_of_name(found) >= 0


@pytest.mark.parametrize(
    ("dev", "bus", "place"),
    [
        ("hdd", "ide", (0, 1, 0, 1)),
        ("sdh", "sata", (1, 0, 0, 1)),
        ("sdh", "scsi", (0, 0, 0, 8)),
        ("sdp", "scsi", (1, 0, 0, 0)),
        ("fdb", "fdc", (0, 0, 0, 1)),
    ],
)
def test_a_place_by_name(dev: str, bus: str, place: tuple[int, int, int, int]) -> None:
    assert disk_places.place(element(disk(dev, bus))) == DiskPlace(*place)


def test_a_written_place_counts_more_than_a_name() -> None:
    text = disk("sda", "scsi", "<address type='drive' controller='1' target='2' unit='0x3'/>")
    assert disk_places.place(element(text)) == DiskPlace(1, 0, 2, 3)


NAMES = st.lists(
    st.tuples(st.sampled_from(["vd", "sd", "hd"]), st.sampled_from("abcdef")), unique=True
)
BUSES = {"vd": "virtio", "sd": "sata", "hd": "ide"}


@given(NAMES)
def test_disks_of_one_bus_stand_together_by_name(names: list[tuple[str, str]]) -> None:
    given_ = [element(disk(prefix + letter, BUSES[prefix])) for prefix, letter in names]
    kept = [one.value("target", "dev") or "" for one in in_order(given_)]
    assert sorted(kept) == sorted(prefix + letter for prefix, letter in names)
    prefixes = [name[:2] for name in kept]
    assert len([1 for one, other in pairwise(prefixes) if one != other]) == (
        max(0, len(set(prefixes)) - 1)
    )
    for prefix in BUSES:
        own = [name for name in kept if name.startswith(prefix)]
        assert own == sorted(own)
