"""NICs of a domain, and what is behind them."""

from __future__ import annotations

import pytest

from pciabi.errors import InputError
from pciabi.vm.domain import hostdevs, interfaces
from pciabi.vm.domain.dialect import Dialect
from tests.unit.domain_options import FIRST_LINE, HERE, NEW, OLD, PC, domain, options, pci


def nic(inner: str = "", model: str = "virtio", type_: str = "user") -> str:
    return (
        f"<interface type='{type_}'><mac address='52:54:00:00:00:01'/><model type='{model}'/>"
        f"{inner}{pci(3)}</interface>"
    )


def written(device: str, dialect: Dialect = OLD, type_: str = "kvm") -> list[str]:
    return options(interfaces.options, domain(device, dialect, type_=type_))


def test_key_value_before_json() -> None:
    assert written(nic(), OLD) == [
        "-netdev user,id=hostnet0",
        "-device virtio-net-pci,netdev=hostnet0,id=net0,mac=52:54:00:00:00:01,bus=pci.0,addr=0x3",
    ]
    assert written(nic(), HERE)[1] == (
        '-device {"driver":"virtio-net-pci","netdev":"hostnet0","id":"net0",'
        '"mac":"52:54:00:00:00:01","bus":"pci.0","addr":"0x3"}'
    )


@pytest.mark.parametrize(
    ("type_", "domain_type", "model", "driver", "netdev"),
    [
        ("network", "kvm", "virtio", "", "tap,id=hostnet0,vhost=on"),
        ("bridge", "kvm", "virtio", "<driver name='vhost'/>", "tap,id=hostnet0,vhost=on"),
        ("direct", "kvm", "virtio", "<driver name='qemu'/>", "tap,id=hostnet0"),
        ("ethernet", "qemu", "virtio", "", "tap,id=hostnet0"),
        ("network", "kvm", "e1000e", "", "tap,id=hostnet0"),
        ("network", "kvm", "virtio", "<driver queues='4'/>", "tap,id=hostnet0,vhost=on,queues=4"),
        ("vdpa", "kvm", "virtio", "<driver queues='2'/>", "vhost-vdpa,id=hostnet0,queues=2"),
        ("user", "kvm", "virtio", "<backend type='passt'/>", "stream,id=hostnet0"),
        ("udp", "kvm", "virtio", "", "socket,id=hostnet0"),
        ("internal", "kvm", "virtio", "", "user,id=hostnet0"),
    ],
)
def test_what_is_behind_a_nic(
    type_: str, domain_type: str, model: str, driver: str, netdev: str
) -> None:
    found = written(nic(driver, model, type_), type_=domain_type)
    assert found[0] == f"-netdev {netdev}"


def test_a_daemon_behind_a_nic_has_its_socket() -> None:
    assert written(nic("<driver queues='3'/>", type_="vhostuser"))[:2] == [
        "-chardev socket,id=charnet0",
        "-netdev vhost-user,id=hostnet0,chardev=charnet0,queues=3",
    ]


@pytest.mark.parametrize(
    ("inner", "dialect", "properties"),
    [
        ("<driver queues='1'/>", OLD, ""),
        ("<driver queues='4'/>", OLD, ",mq=on,vectors=10"),
        ("<driver txmode='iothread' ioeventfd='off'/>", OLD, ",tx=bh,ioeventfd=off"),
        (
            "<driver rx_queue_size='512' tx_queue_size='1024'/>",
            OLD,
            ",rx_queue_size=512,tx_queue_size=1024",
        ),
        (
            "<driver><host gso='off' tso4='on'/><guest csum='off' ecn='on'/></driver>",
            OLD,
            ",gso=off,host_tso4=on,guest_csum=off,guest_ecn=on",
        ),
        ("<driver iommu='on' ats='off' packed='on'/>", OLD, ",iommu_platform=on,ats=off,packed=on"),
        ("<mtu size='1400'/>", OLD, ",host_mtu=1400"),
        ("<teaming type='persistent'/>", OLD, ",failover=on"),
        ("<driver rss='on' rss_hash_report='off' page_per_vq='on'/>", OLD, ""),
    ],
)
def test_a_virtio_nic_of_a_driver(inner: str, dialect: Dialect, properties: str) -> None:
    (_, device) = written(nic(inner, type_="network"), dialect)
    assert device.startswith(f"-device virtio-net-pci{properties},netdev=hostnet0,id=net0,")


def test_what_newer_libvirts_write_of_a_nic() -> None:
    inner = "<driver rss='on' rss_hash_report='off' page_per_vq='on'/><acpi index='7'/>"
    (_, device) = written(nic(inner), NEW)
    for words in ('"rss":true', '"hash":false', '"page-per-vq":true', '"acpi-index":7'):
        assert words in device
    (_, device) = written(nic(inner), OLD)
    assert "index" not in device


@pytest.mark.parametrize(
    ("rom", "properties"),
    [
        ("<rom enabled='no' bar='on' file='/a'/>", ",romfile="),
        ("<rom bar='off'/>", ",rombar=0"),
        ("<rom bar='on' file='/a,b'/>", ",rombar=1,romfile=/a,,b"),
    ],
)
def test_the_rom_of_a_nic(rom: str, properties: str) -> None:
    assert written(nic(rom))[1].endswith(f",addr=0x3{properties}")


def test_a_nic_of_the_hosts_is_written_with_its_devices() -> None:
    given = domain(
        "<hostdev mode='subsystem' type='pci' managed='yes'><source><address domain='0' bus='6' "
        f"slot='2' function='5'/></source>{pci(4)}</hostdev>"
        "<interface type='hostdev' managed='yes'><mac address='52:54:00:00:00:01'/>"
        "<source><address type='pci' domain='0x0002' bus='0x03' slot='0x07' function='0x1'/>"
        f"</source><teaming type='transient' persistent='ua-a'/>{pci(3)}</interface>",
        OLD,
        os="<boot dev='network'/>",
    )
    assert options(interfaces.options, given) == []
    assert options(hostdevs.options, given) == [
        "-device vfio-pci,host=0002:03:07.1,id=hostdev0,bootindex=1,failover_pair_id=ua-a,"
        "bus=pci.0,addr=0x3",
        "-device vfio-pci,host=0000:06:02.5,id=hostdev1,bus=pci.0,addr=0x4",
    ]


@pytest.mark.parametrize(
    ("device", "words"),
    [
        (nic(model="ne3000"), "model type='ne3000' is not known"),
        (nic(type_="vds"), "type='vds' is not known"),
        (nic("<colour shade='red'/>"), "<colour> is not known"),
        (nic("<driver frobnicate='on'/>"), "frobnicate='on' is not known"),
        (nic("<driver txmode='never'/>"), "driver txmode='never' is not known"),
        (nic("<driver queues='many'/>"), "queues='many' is not a number"),
        (nic("<driver ioeventfd='perhaps'/>"), "'perhaps' is neither on nor off"),
        (nic("<driver queues='${QUEUES}'/>"), "${QUEUES} is not known"),
        ("<interface type='user'><mac address='x'/></interface>", "has no model"),
        ("<interface type='user'><model type='virtio'/></interface>", "has no PCI address"),
        (
            f"<interface type='user'><model type='virtio'/>{pci(1, bus=9)}</interface>",
            "there is no controller type='pci' index='9'",
        ),
    ],
)
def test_what_is_not_known_is_refused_at_its_line(device: str, words: str) -> None:
    with pytest.raises(InputError) as told:
        written("\n" + device)
    assert words in str(told.value)
    assert told.value.place is not None
    assert told.value.place.line == FIRST_LINE + 1


def test_each_property_has_its_place_in_the_file() -> None:
    text = nic("\n<driver\nqueues='2'/>\n", type_="network")
    *_, device = interfaces.options(domain(text, NEW, machine=PC))
    assert device.value is not None
    at = device.value.text.index('"mq"')
    assert device.value.at(at).line == FIRST_LINE + 1
