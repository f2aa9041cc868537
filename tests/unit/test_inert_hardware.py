"""Command lines made safe to start: what stays, what goes, what is refused, what is told."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path

import pytest

from pciabi.abi.snapshot import EVERY_FIELD, MACHINE_TYPE, Substitution
from pciabi.errors import InputError
from pciabi.pci.virtio_fields import feature
from pciabi.qemu.inert import driver_rules, fields, virtio_backends
from pciabi.qemu.inert.hardware import InertHardware, inert
from pciabi.qemu.inert.objects import KEPT, LEFT_OUT, REPLACED
from pciabi.qemu.inert.option_rules import OPTION_RULES, REFUSED
from pciabi.vm import reading
from pciabi.vm.command_line.driver_table import driver_table
from pciabi.vm.command_line.option_table import TAKES_ARGUMENT

ALWAYS = ("-no-user-config", "-audiodev", "none,id=pciabi-silence")


def made(*argv: str) -> InertHardware:
    return inert(reading.read_argv(argv))


def arguments(*argv: str) -> tuple[str, ...]:
    found = made(*argv).arguments
    assert found[:3] == ALWAYS
    return found[3:]


def recorded(name: str) -> dict[str, object]:
    text = (files("pciabi.vm.command_line") / f"{name}.json").read_text()
    found: dict[str, object] = json.loads(text)
    return found


def test_every_recorded_option_has_a_rule_or_a_refusal() -> None:
    aliases = {"M", "h"}
    folded = {"set", "readconfig"}
    ruled = {*OPTION_RULES, *REFUSED}
    assert set(TAKES_ARGUMENT) - ruled - aliases - folded == set()
    assert not set(OPTION_RULES) & set(REFUSED)
    assert ruled - set(TAKES_ARGUMENT) == {"disk image"}
    assert all(rule.reason for rule in OPTION_RULES.values())


def test_every_text_a_recorded_driver_takes_is_known_or_the_driver_is_dealt_with() -> None:
    dealt = {*driver_rules.HELD, *driver_rules.OFF_PCI, *driver_rules.REFUSED}
    known = driver_rules.WORDS | driver_rules.FILES | driver_rules.REFERENCES.keys()
    known |= {driver_rules.ROM_FILE, "bus", "addr"}
    inside = {"migration", "xen-pvdevice"}
    families = tuple(driver_rules.HELD_FAMILIES)
    unknown = {
        (driver.name, text)
        for driver in driver_table().drivers.values()
        if driver.name not in dealt | inside and not driver.name.startswith(families)
        for text in driver.text - known
    }
    assert unknown == set()
    assert not driver_rules.FILES & driver_rules.WORDS


def test_every_recorded_object_type_has_a_rule() -> None:
    memory = {f"memory-backend-{kind}" for kind in ("ram", "file", "memfd", "shm")}
    ruled = {*KEPT, *REPLACED, *LEFT_OUT, *memory}
    names = recorded("drivers")["objects"]
    assert isinstance(names, list)
    # Only a process that serves devices to another QEMU makes these.
    assert set(names) - ruled == {"x-remote-object"}


def test_hardware_stays_as_it_is_written() -> None:
    hardware = (
        *("-machine", "q35,usb=off,smm=on", "-cpu", "EPYC,-vme", "-smp", "4,sockets=2"),
        *("-m", "512M", "-numa", "node,nodeid=0", "-nodefaults", "-vga", "std", "-usb"),
        *("-global", "ICH9-LPC.disable_s3=1", "-smbios", "type=1,serial=x", "-rtc", "base=utc"),
        *("-device", "pcie-root-port,id=rp,chassis=1", "-uuid", "x", "-usbdevice", "tablet"),
        *("-device", '{"driver": "virtio-scsi", "id": "s", "bus": "rp", "vectors": 3}'),
        *("-object", "iothread,id=io", "-serial", "none", "-nic", "none"),
    )
    found = made(*hardware)
    assert found.arguments[3:] == hardware
    assert found.expected == ("rp", "s")
    assert found.substitutions == ()


REPLACED_ARGUMENTS = [
    ("-M pc,accel=kvm,dump-guest-core=off", "-machine pc"),
    ("-machine accel=kvm -enable-kvm -accel kvm", ""),
    ("-no-hpet -no-acpi", "-machine hpet=off -machine acpi=off"),
    ("-watchdog i6300esb", "-device i6300esb"),
    ("-cpu host,migratable=on", "-cpu max"),
    ("-cpu EPYC,check,enforce,+aes", "-cpu EPYC,+aes"),
    ("-cpu EPYC,hv-vpindex=on,hv_time,+aes", "-cpu EPYC,+aes"),
    ("-netdev tap,id=n,ifname=t,script=/x", "-netdev user,id=n,restrict=on"),
    ("-netdev user,id=n,hostfwd=tcp::1-:2", "-netdev user,id=n,restrict=on"),
    ("-netdev hubport,id=n,hubid=0", "-netdev hubport,id=n,hubid=0"),
    ("-nic tap,model=e1000,mac=1:2,br=x", "-nic user,restrict=on,model=e1000,mac=1:2"),
    ("-net nic,model=e1000 -net tap,ifname=x", "-net nic,model=e1000 -net user,restrict=on"),
    ("-chardev socket,id=c,path=/x,mux=on", "-chardev null,id=c,mux=on"),
    (
        '-chardev {"id":"c","backend":{"type":"socket","data":{"addr":"/x"}}}',
        "-chardev null,id=c",
    ),
    (
        "-cpu host,phys-bits=46 -m 4096,maxmem=1T -numa node",
        "-cpu max,phys-bits=52,vendor=GenuineIntel -m 4096,maxmem=1T -numa node",
    ),
    ("-m 1M -cpu EPYC,host-phys-bits=on", "-m 1M -cpu EPYC"),
    ("-m 1,maxmem=1T -cpu EPYC,host-phys-bits=on", "-m 1,maxmem=1T -cpu EPYC,phys-bits=52"),
    ("-m 1,maxmem=1T -cpu EPYC", "-m 1,maxmem=1T -cpu EPYC"),
    (
        "-object memory-backend-ram,id=m,size=5000,prealloc=on",
        "-object memory-backend-ram,id=m,size=5000",
    ),
    ("-device vhost-vsock-pci-transitional,id=v", "-device virtio-rng-pci,id=v"),
    ("-serial mon:stdio -serial chardev:c", "-serial null -serial chardev:c"),
    ("-monitor stdio -qmp unix:/x -display gtk -vnc :1 -daemonize -pidfile /x -S", ""),
    ("-kernel /x -incoming tcp:0:1 -bios /x -L /x -fw_cfg opt/x,file=/x", ""),
    ("-fsdev local,id=f,path=/x", "-fsdev synth,id=f"),
    ("-virtfs local,path=/x,mount_tag=t", "-virtfs synth,mount_tag=t"),
    ("-audiodev pa,id=a,server=/x", "-audiodev none,id=a"),
    ("-audio pa,model=hda", "-audio none,model=hda"),
    ("-usbdevice host:1", ""),
    ("-boot order=c,splash=/x", "-boot c"),
    ("-smbios file=/x -smbios type=11,value=secret -acpitable file=/x", ""),
    ("-drive if=none,id=d,media=cdrom,readonly=on", None),
    ("-drive if=pflash,file=/x", ""),
    ("-object secret,id=s,data=x -object rng-random,id=r", "-object rng-builtin,id=r"),
    (
        "-object memory-backend-file,id=m,mem-path=/x,size=1M,prealloc=on",
        "-object memory-backend-memfd,share=on,id=m,size=1M",
    ),
    ("-tpmdev passthrough,id=t -device tpm-tis,tpmdev=t", ""),
    ("-device usb-host,hostbus=1", ""),
    ("-device virtio-net-pci,romfile=", None),
    ("-device virtio-net-pci,romfile=efi-virtio.rom", None),
    ("-device virtio-net-pci,romfile=/x,id=n", "-device virtio-net-pci,id=n"),
    ("-device virtio-vga-gl,id=v", "-device virtio-vga,id=v"),
    ("-device scsi-block,drive=d", "-device scsi-hd,drive=d"),
    ("-device AC97", "-device AC97,audiodev=pciabi-silence"),
    ("-device usb-tablet,pcap=/x", "-device usb-tablet"),
    ("-device vfio-pci,host=01:00.0,addr=5", "-device virtio-rng-pci,addr=5,id=pciabi-01_00.0"),
    ("-device vhost-vsock-pci,id=v,guest-cid=3,bus=b", "-device virtio-rng-pci,id=v,bus=b"),
    ("-device e1000,id=n -set device.n.addr=5", "-device e1000,id=n,addr=5"),
    (
        "-m 2G",
        "-m 2G -object memory-backend-memfd,id=pciabi-memory,size=2147483648,share=on "
        "-machine memory-backend=pciabi-memory",
    ),
]


@pytest.mark.parametrize(("written", "expected"), REPLACED_ARGUMENTS)
def test_what_touches_the_host_is_replaced(written: str, expected: str | None) -> None:
    assert " ".join(arguments(*written.split())) == (written if expected is None else expected)


def test_disks_become_null_co_and_keep_what_the_guest_sees() -> None:
    null = "driver=null-co,size=67108864,read-zeroes=on"
    drive = (
        "if=virtio,id=d,readonly=on,discard=unmap,cache=none,file=rbd:pool/x:key=secret,aio=native"
    )
    found = made("-drive", drive, "-hda", "/x", "-cdrom", "", "-fda", "/x", "y.img")
    assert found.arguments[3:] == (
        *("-drive", f"if=virtio,id=d,readonly=on,discard=unmap,cache=none,{null}"),
        *("-drive", f"index=0,media=disk,{null}", "-drive", "index=2,media=cdrom"),
        *("-drive", "if=floppy,index=0,driver=null-co,size=1474560,read-zeroes=on"),
        *("-drive", f"index=0,media=disk,{null}"),
    )
    assert "secret" not in str(found)
    node = {"driver": "qcow2", "node-name": "n", "read-only": True, "file": {"driver": "file"}}
    (_, text) = arguments("-blockdev", json.dumps(node))
    assert json.loads(text) == {
        "driver": "null-co",
        "size": 67108864,
        "read-zeroes": True,
        "node-name": "n",
        "read-only": True,
    }


def test_what_a_backend_decides_is_unknown_for_the_device_on_it() -> None:
    device = '{"driver":"virtio-net-pci","netdev":"n","id":"net0"}'
    found = made("-netdev", "tap,id=n,queues=4,ifname=secret", "-device", device)
    (told,) = found.substitutions
    offloads = (
        *("CSUM", "GUEST_CSUM", "GUEST_TSO4", "GUEST_TSO6", "GUEST_ECN", "GUEST_UFO"),
        *("HOST_TSO4", "HOST_TSO6", "HOST_ECN", "HOST_UFO"),
        *("GUEST_USO4", "GUEST_USO6", "HOST_USO", "HASH_REPORT"),
        *("GUEST_UDP_TUNNEL_GSO", "GUEST_UDP_TUNNEL_GSO_CSUM"),
        *("HOST_UDP_TUNNEL_GSO", "HOST_UDP_TUNNEL_GSO_CSUM"),
    )
    assert told == Substitution(
        "-netdev tap,queues=4",
        "-netdev user",
        "net0",
        (*map(feature, offloads), virtio_backends.QUEUE_PAIRS, fields.MSIX_TABLE),
    )
    (held,) = made("-device", "vfio-pci,host=01:00.0,id=gpu").substitutions
    assert (held.qdev_id, held.unknown) == ("gpu", (EVERY_FIELD,))
    nameless = made("-netdev", "tap,id=n", "-device", "e1000,netdev=n")
    assert nameless.expected == ("pciabi-n",)
    assert nameless.substitutions[0].qdev_id == "pciabi-n"


@pytest.mark.parametrize(
    ("backend", "words", "size"),
    [
        ("vhost-user,chardev=c", ("netdev=n,tx_queue_size=1024",), "1024"),
        ("vhost-vdpa,vhostdev=/x", ("netdev=n,tx_queue_size=0x200",), "512"),
        (
            "vhost-user,chardev=c",
            ("netdev=n", "-global", "virtio-net-pci.tx_queue_size=512"),
            "512",
        ),
        ("vhost-user,chardev=c", ("netdev=n,tx_queue_size=256",), None),
        ("vhost-user,chardev=c", ("netdev=n",), None),
        # QEMU itself cuts it down beside these.
        ("tap,ifname=t,vhost=on", ("netdev=n,tx_queue_size=1024",), None),
        ("user", ("netdev=n,tx_queue_size=1024",), None),
    ],
)
def test_a_transmit_queue_that_the_stand_in_would_cut_down_is_unknown(
    backend: str, words: tuple[str, ...], size: str | None
) -> None:
    nic, *others = words
    line = ("-netdev", f"{backend},id=n", "-device", f"virtio-net-pci,id=net0,{nic}", *others)
    found = made("-chardev", "socket,id=c,path=/x", *line)
    told = [
        (one.option.partition(" with ")[2], one.qdev_id)
        for one in found.substitutions
        if "queue 1 size" in one.unknown
    ]
    assert told == ([(f"tx_queue_size={size}", "net0")] if size else [])
    # QEMU 10.0 refuses a longer one beside the stand-in; what is QEMU's own to refuse stays.
    device = next(word for word in found.arguments if word.startswith("virtio-net-pci"))
    stated = "tx_queue_size" in nic and size is not None
    assert ("tx_queue_size=256" in device) == (stated or "=256" in nic)


def test_the_transmit_queue_of_a_nic_without_an_id_is_unknown_too() -> None:
    size = ("-global", "virtio-net-device.tx_queue_size=1024")
    found = made("-chardev", "socket,id=c", "-nic", "vhost-user,chardev=c,model=virtio", *size)
    told = [one for one in found.substitutions if "queue 1 size" in one.unknown]
    assert [(one.device, one.ordinal) for one in told] == [("virtio-net-pci", 0)]


def test_rss_is_unknown_where_the_kernel_serves_the_nic() -> None:
    device = ("-device", "virtio-net-pci,netdev=n,id=net0,rss=on")
    served, not_served = (
        made("-netdev", f"tap,id=n{vhost}", *device).substitutions[0].unknown
        for vhost in (",vhost=on", "")
    )
    assert feature("RSS") in served
    assert feature("RSS") not in not_served


@pytest.mark.parametrize(
    ("backend", "kind"),
    [
        ("cryptodev-vhost-user,id=c,chardev=s", "-object cryptodev-vhost-user"),
        ("cryptodev-vhost-user,id=c,chardev=s,queues=1", "-object cryptodev-vhost-user"),
        ("cryptodev-vhost-user,id=c,chardev=s,queues=4", "-object cryptodev-vhost-user,queues=4"),
        ("cryptodev-backend-lkcf,id=c", "-object cryptodev-backend-lkcf"),
    ],
)
@pytest.mark.parametrize("own", [",id=cr0", ""])
def test_ciphers_and_queues_are_unknown_where_others_do_the_cryptography(
    backend: str, kind: str, own: str
) -> None:
    device = ("-device", f"virtio-crypto-pci,cryptodev=c{own}")
    (told,) = made("-object", backend, *device).substitutions
    assert told.option == kind
    assert told.qdev_id == ("cr0" if own else "pciabi-c")
    assert told.unknown == ("virtio configuration bytes", "number of virtio queues")
    assert made("-object", "cryptodev-backend-builtin,id=c", *device).substitutions == ()


REFUSED_ARGUMENTS = [
    ("-xen-domid 1", "-xen-domid: needs Xen"),
    ("-no-such 1", "-no-such: not on the list"),
    ("-device no-such", "driver 'no-such' is not on the list"),
    ("-device e1000,no-such=1", "property 'no-such' of e1000 is not on the list"),
    ("-device nvme,host=1", "property 'host' of nvme"),
    ("-device igd-passthrough-isa-bridge", "copies what the host's graphics"),
    ("-device vfio-pci", "needs an id"),
    ("-device id=x", "names no driver"),
    ("-object no-such,id=x", "object type 'no-such' is not on the list"),
    ("-machine pc,no-such=1", "property 'no-such' is not on the list"),
    ("-machine xenfv", "'xenfv' needs Xen"),
    ("-global e1000.romfile=/x", "property 'romfile' may name something of the host"),
    ("-global usb-mtp.rootdir=/x", "property 'rootdir' may name something of the host"),
    ("-drive file=x,addr=5", "no QEMU since 5.2 takes addr="),
    ("-net nic,vlan=1", "no QEMU since 5.2 takes vlan="),
    ("-device e1000,id=n -set device.x.addr=1", "there is no device 'x'"),
    ("-device e1000 -set nonsense", "is not GROUP.ID.NAME=VALUE"),
    ("-help", "prints something and starts nothing"),
]


@pytest.mark.parametrize(("written", "message"), REFUSED_ARGUMENTS)
def test_what_is_not_known_is_refused_by_name_and_place(written: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        made("-smp", "1", *written.split())
    place = caught.value.place
    assert place is not None
    assert place.line >= 3


def test_a_foreign_machine_is_refused() -> None:
    with pytest.raises(InputError, match="qemu-system-aarch64 emulates no PC"):
        made("qemu-system-aarch64", "-M", "virt")


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("qemu-system-x86_64 -m $M", r"\$M is not known: not assigned"),
        ("qemu-system-x86_64 -device e1000,addr=$A", r"\$A is not known"),
        ("qemu-system-x86_64 -device $D", r"\$D is not known"),
        ("qemu-system-x86_64 $X", r"\$X is not known"),
        ("a=(-m 1); b && a+=(-vga std); kvm ${a[@]}", "-vga std is there only under a condition"),
    ],
)
def test_what_only_a_run_would_tell_is_an_error_where_it_matters(script: str, message: str) -> None:
    (line,) = reading.read_all(Path("x.sh"), raw=script.encode())
    with pytest.raises(InputError, match=message):
        inert(line)


def test_what_only_a_run_would_tell_does_no_harm_where_it_is_dropped() -> None:
    script = (
        b"x=(); a && x+=(-enable-kvm); kvm -name $N -drive if=none,id=d,file=$F ${x[@]} -pidfile $P"
    )
    (line,) = reading.read_all(Path("x.sh"), raw=script)
    found = inert(line).arguments[3:]
    assert found == ("-drive", "if=none,id=d,driver=null-co,size=67108864,read-zeroes=on")


PROXMOX = "QEMU emulator version 9.0.2 (pve-qemu-kvm_9.0.2-4)"


@pytest.mark.parametrize(
    ("written", "plain"),
    [
        ("pc-q35-7.2+pve0", "pc-q35-7.2"),
        ("pc-i440fx-9.0+pve11", "pc-i440fx-9.0"),
        ("type=q35+pve1,usb=off", "q35,usb=off"),
        ("pc+pve0", "pc"),
    ],
)
def test_proxmox_s_revision_is_taken_off_for_other_qemus_and_told(written: str, plain: str) -> None:
    found = made("-machine", written)
    assert found.arguments[3:] == ("-machine", plain)
    name = written.removeprefix("type=").partition(",")[0]
    told = Substitution(
        f"-machine {name}", f"-machine {plain.partition(',')[0]}", None, (MACHINE_TYPE,)
    )
    assert found.substitutions == (told,)

    theirs = inert(reading.read_argv(("-machine", written)), PROXMOX)
    assert theirs.arguments[3:] == ("-machine", written.removeprefix("type="))
    assert theirs.substitutions == ()


@pytest.mark.parametrize(
    ("written", "arguments_", "told"),
    [
        ("-device intel-iommu,intremap=on,eim=on", "-device intel-iommu,intremap=on", True),
        (
            "-device intel-iommu,eim=auto,aw-bits=48",
            "-device intel-iommu,eim=auto,aw-bits=48",
            False,
        ),
        ("-device intel-iommu,eim=off", "-device intel-iommu,eim=off", False),
        ("-device intel-iommu,id=i -set device.i.eim=on", "-device intel-iommu,id=i", True),
        ("-global intel-iommu.eim=on -device intel-iommu", "-device intel-iommu", True),
        # QEMU refuses these two together under KVM as well.
        (
            "-device intel-iommu,intremap=off,eim=on",
            "-device intel-iommu,intremap=off,eim=on",
            False,
        ),
    ],
)
def test_what_only_kvm_serves_is_left_out_and_told(
    written: str, arguments_: str, told: bool
) -> None:
    found = made(*written.split())
    assert found.arguments[3:] == tuple(arguments_.split())
    assert bool(found.substitutions) is told
    assert all("eim" in one.option and not one.unknown for one in found.substitutions)


QUEUES_288 = (
    *("-global", "virtio-blk-device.num-queues=288"),
    *("-global", "virtio-scsi-device.num_queues=288"),
)


@pytest.mark.parametrize(
    ("written", "after"),
    [
        ("-smp 255", ("-smp", "255")),
        ("-smp 288", (*QUEUES_288, "-smp", "255")),
        ("-smp cpus=288,sockets=2,cores=72,threads=2", (*QUEUES_288, "-smp", "255")),
        ("-smp sockets=2,cores=72,threads=2", (*QUEUES_288, "-smp", "255")),
        # Not there yet: no queues for those that may be plugged.
        ("-smp 4,maxcpus=288", ("-smp", "4")),
        ("-M pc-q35-5.1 -smp 288", ("-machine", "pc-q35-5.1", "-smp", "255")),
        ("-M pc-q35-5.2 -smp 288", (*QUEUES_288, "-machine", "pc-q35-5.2", "-smp", "255")),
        ("-M q35,smp.cpus=288", (*QUEUES_288, "-machine", "q35,smp.cpus=255")),
        (
            "-smp 288 -numa node,nodeid=0,cpus=0-287 -numa cpu,node-id=0,socket-id=0",
            (*QUEUES_288, "-smp", "255", "-numa", "node,nodeid=0"),
        ),
    ],
)
def test_more_processors_than_tcg_has_are_fewer_with_the_same_queues(
    written: str, after: tuple[str, ...]
) -> None:
    assert arguments(*written.split()) == after
    words = [one.option for one in made(*written.split()).substitutions]
    assert len(words) == ("255" not in written)


def test_so_many_queues_virtio_does_not_have() -> None:
    found = arguments("-smp", "4096")
    assert "virtio-blk-device.num-queues=1024" in found
    assert "virtio-scsi-device.num_queues=1022" in found
