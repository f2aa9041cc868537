"""All of a domain that is no ordinary device: what is written of it, by release."""

from __future__ import annotations

import pytest

from pciabi.errors import InputError
from pciabi.vm import xml_tree
from pciabi.vm.domain import (
    clock,
    controllers,
    firmware,
    identity,
    iommus,
    iothreads,
    kind,
    line,
    machine,
    memory,
    memory_devices,
    numa,
    panics,
    pci_controllers,
    power,
    processor,
    security,
    topology,
    tpms,
)
from pciabi.vm.domain.context import Domain
from pciabi.vm.domain.dialect import Dialect
from tests.unit.domain_options import HERE, NEW, OLD, PC, Q35, Writer, options, pci

LATEST = Dialect((11, 6, 0), (10, 0, 0))
NUMA = (
    "<cpu><numa><cell cpus='0,2-3,^2' memory='1' unit='GiB'/><cell id='1' memory='1024'/></numa>"
    "</cpu>"
)


def domain(
    head: str = "",
    devices: str = "",
    dialect: Dialect = HERE,
    machine_type: str = Q35,
    boot: str = "",
) -> Domain:
    """A domain with `head` below <domain>, `devices` and `boot` below <os>."""
    root = "pcie-root" if machine_type == Q35 else "pci-root"
    text = (
        "<domain type='kvm'><name>a</name>"
        f"<os><type arch='x86_64' machine='{machine_type}'>hvm</type>{boot}</os>{head}"
        f"<devices><controller type='pci' index='0' model='{root}'/>{devices}</devices></domain>"
    )
    (found,) = xml_tree.read("a.xml", text).children
    return Domain(found, kind.family(found), dialect)


MEMORY = "<memory unit='MiB'>256</memory>"
ACPI = "<features><acpi/></features>"
RAM = "-object memory-backend-ram,id=pc.ram,size=268435456"
MACHINE = f"-machine {Q35},usb=off"


@pytest.mark.parametrize(
    ("writer", "head", "dialect", "written"),
    [
        (machine.options, MEMORY, OLD, [f"{MACHINE},memory-backend=pc.ram"]),
        (machine.options, ACPI, NEW, [f"{MACHINE},memory-backend=pc.ram,acpi=on"]),
        (
            machine.options,
            "<features><pae/></features>",
            NEW,
            [f"{MACHINE},memory-backend=pc.ram,acpi=off"],
        ),
        (
            machine.options,
            "<features><vmport state='off'/><smm><tseg unit='MiB'>48</tseg></smm>"
            "<ioapic driver='qemu'/><ps2 state='off'/></features>",
            NEW,
            [
                f"{MACHINE},vmport=off,smm=on,kernel_irqchip=split,i8042=off,"
                "memory-backend=pc.ram,acpi=off",
                "-global mch.extended-tseg-mbytes=48",
            ],
        ),
        (
            machine.options,
            "<clock><timer name='hpet' present='no'/></clock>",
            NEW,
            [f"{MACHINE},memory-backend=pc.ram,hpet=off,acpi=off"],
        ),
        (memory.options, MEMORY, OLD, ["-m 256", RAM]),
        (memory.options, MEMORY, NEW, ["-m size=262144k", RAM]),
        (memory.options, "<memory unit='b'>268435455</memory>", HERE, ["-m 256", RAM]),
        (memory.options, "<memory unit='KB'>268435</memory>", HERE, ["-m 256", RAM]),
        (
            memory.options,
            f"{MEMORY}<maxMemory slots='16' unit='KiB'>1048577</maxMemory>"
            "<memoryBacking><source type='memfd'/><access mode='shared'/></memoryBacking>",
            HERE,
            ["-m size=262144k,slots=16,maxmem=1049600k", RAM.replace("-ram,", "-memfd,")],
        ),
        (
            memory.options,
            f"{MEMORY}<memoryBacking><hugepages><page size='4'/></hugepages></memoryBacking>",
            HERE,
            ["-m 256", RAM],
        ),
        (
            memory.options,
            f"{MEMORY}<memoryBacking><hugepages/></memoryBacking>",
            HERE,
            ["-m 256", RAM.replace("-ram,", "-file,")],
        ),
        (memory.options, f"{MEMORY}{NUMA}", HERE, ["-m 1025"]),
        (
            numa.options,
            NUMA,
            HERE,
            [
                "-object memory-backend-ram,id=ram-node0,size=1073741824",
                "-numa node,nodeid=0,cpus=0,cpus=3,memdev=ram-node0",
                "-object memory-backend-ram,id=ram-node1,size=1048576",
                "-numa node,nodeid=1,memdev=ram-node1",
            ],
        ),
        (topology.options, "", HERE, ["-smp 1,sockets=1,cores=1,threads=1"]),
        (
            topology.options,
            "<vcpu current='2'>4</vcpu><cpu><topology sockets='2' cores='2' threads='1'/></cpu>",
            HERE,
            ["-smp 2,maxcpus=4,sockets=2,dies=1,cores=2,threads=1"],
        ),
        (
            topology.options,
            "<vcpu>3</vcpu><vcpus><vcpu id='0' enabled='yes' hotpluggable='no'/>"
            "<vcpu id='1' enabled='yes' hotpluggable='yes'/><vcpu id='2' enabled='no'/></vcpus>"
            "<cpu><topology sockets='3' clusters='1' cores='1' threads='1'/></cpu>",
            NEW,
            ["-smp 1,maxcpus=3,sockets=3,dies=1,clusters=1,cores=1,threads=1"],
        ),
        (processor.options, "", HERE, []),
        (processor.options, "<cpu mode='host-model'/>", HERE, ["-cpu host"]),
        (
            processor.options,
            "<cpu><model vendor_id='Ours'>qemu64</model><feature name='lahf_lm'/>"
            "<feature policy='forbid' name='vme'/><feature policy='optional' name='aes'/>"
            "<feature policy='disable' name='cmt'/><cache level='3' mode='emulate'/>"
            "<maxphysaddr mode='emulate' bits='42'/></cpu>",
            HERE,
            ["-cpu qemu64,vendor=Ours,lahf-lm=on,vme=off,l3-cache=on,phys-bits=42"],
        ),
        (
            processor.options,
            "<features><apic eoi='on'/><pvspinlock/><hyperv><relaxed state='on'/>"
            "<spinlocks state='on' retries='4096'/><stimer state='on'><direct state='on'/></stimer>"
            "</hyperv><kvm><hidden state='on'/><pv-ipi state='on'/></kvm></features>"
            "<clock><timer name='kvmclock' present='no'/></clock>",
            HERE,
            [
                "-cpu qemu64,kvmclock=off,kvm-pv-eoi=on,kvm-pv-unhalt=on,hv-relaxed=on,"
                "hv-spinlocks=0x1000,hv-stimer=on,hv-stimer-direct=on,kvm=off"
            ],
        ),
        (
            iothreads.options,
            "<iothreads>3</iothreads><iothreadids><iothread id='2'/></iothreadids>",
            HERE,
            [f"-object iothread,id=iothread{number}" for number in (1, 2, 3)],
        ),
        (
            identity.uuids,
            "<uuid>1BC4699DCBBD4B94 af2a4fe93ae4e1d4</uuid>",
            HERE,
            ["-uuid 1bc4699d-cbbd-4b94-af2a-4fe93ae4e1d4"],
        ),
        (
            identity.generations,
            "<genid/>",
            OLD,
            ["-device vmgenid,guid=auto,id=vmgenid0"],
        ),
        (power.options, "", HERE, ["-no-acpi"]),
        (power.options, "", NEW, []),
        (
            power.options,
            f"{ACPI}<pm><suspend-to-mem enabled='no'/><suspend-to-disk enabled='yes'/></pm>",
            HERE,
            ["-global ICH9-LPC.disable_s3=1", "-global ICH9-LPC.disable_s4=0"],
        ),
        (
            clock.options,
            "<clock offset='absolute' start='1600000000'><timer name='rtc' track='wall' "
            "tickpolicy='catchup'/><timer name='hpet' present='no'/><timer name='pit'/></clock>",
            HERE,
            [
                "-rtc base=2020-09-13T12:26:40,clock=host,driftfix=slew",
                "-no-hpet",
                "-global kvm-pit.lost_tick_policy=delay",
            ],
        ),
        (
            security.options,
            "<launchSecurity type='sev'><policy>1</policy></launchSecurity>",
            HERE,
            ["-object sev-guest,id=lsec0"],
        ),
    ],
)
def test_what_is_written_of_the_machine(
    writer: Writer, head: str, dialect: Dialect, written: list[str]
) -> None:
    assert options(writer, domain(head, dialect=dialect)) == written


@pytest.mark.parametrize(
    ("writer", "boot", "dialect", "written"),
    [
        (firmware.boots, "", HERE, ["-boot strict=on"]),
        (
            firmware.boots,
            "<bootmenu enable='yes' timeout='3000'/><bios rebootTimeout='-1'/>"
            "<kernel>/k</kernel><cmdline>a=b, c</cmdline>"
            "<acpi><table type='slic'>/s</table><table type='raw'>/r</table></acpi>",
            HERE,
            [
                "-boot menu=on,reboot-timeout=-1,splash-time=3000,strict=on",
                "-kernel /k",
                "-append a=b, c",
                "-acpitable sig=SLIC,file=/s",
                "-acpitable file=/r",
            ],
        ),
        (firmware.loaders, "<loader type='rom'>/bios</loader>", HERE, ["-bios /bios"]),
        (
            firmware.loaders,
            "<loader type='pflash' secure='yes' readonly='yes'>/f</loader><nvram>/v</nvram>",
            HERE,
            ["-global driver=cfi.pflash01,property=secure,value=on"],
        ),
        (firmware.serial_consoles, "<bios useserial='yes'/>", OLD, ["-device sga"]),
        (firmware.serial_consoles, "<bios useserial='yes'/>", HERE, []),
        (
            machine.options,
            "<bios useserial='yes'/>",
            HERE,
            [f"{MACHINE},memory-backend=pc.ram,graphics=off"],
        ),
    ],
)
def test_what_is_written_of_what_starts_first(
    writer: Writer, boot: str, dialect: Dialect, written: list[str]
) -> None:
    assert options(writer, domain(boot=boot, dialect=dialect)) == written


P = pci(3)
AT = "bus=pcie.0,addr=0x3"


@pytest.mark.parametrize(
    ("writer", "devices", "dialect", "written"),
    [
        (
            controllers.options,
            f"<controller type='pci' index='2' model='pcie-root-port'><model name='ioh3420'/>"
            f"<target chassis='7' port='0x10' hotplug='off' memReserve='8'/>{P}</controller>"
            f"<controller type='pci' index='1' model='dmi-to-pci-bridge'>{P}</controller>",
            OLD,
            [
                f"-device i82801b11-bridge,id=pci.1,{AT}",
                f"-device ioh3420,port=16,chassis=7,id=pci.2,hotplug=off,{AT}",
            ],
        ),
        (
            controllers.options,
            "<controller type='pci' index='1' model='pcie-expander-bus'>"
            f"<target busNr='220'><node>1</node></target>{P}</controller>",
            OLD,
            [f"-device pxb-pcie,bus_nr=220,id=pci.1,numa_node=1,{AT}"],
        ),
        (
            controllers.options,
            f"<controller type='usb' index='0' model='ich9-uhci1'><master startport='2'/>{P}"
            f"</controller><controller type='usb' index='0' model='ich9-ehci1'>{P}</controller>"
            f"<controller type='usb' index='1' model='nec-xhci' ports='4'>{P}</controller>",
            OLD,
            [
                f"-device ich9-usb-ehci1,id=usb,{AT}",
                f"-device ich9-usb-uhci1,masterbus=usb.0,firstport=2,{AT}",
                f"-device nec-usb-xhci,p2=4,p3=4,id=usb1,{AT}",
            ],
        ),
        (controllers.options, "<controller type='usb' model='none'/>", OLD, []),
        (
            controllers.options,
            f"<controller type='usb'>{P}</controller>",
            OLD,
            [f"-device piix3-usb-uhci,id=usb,{AT}"],
        ),
        (
            controllers.options,
            f"<controller type='scsi' model='virtio-scsi'><driver queues='4' cmd_per_lun='5' "
            f"max_sectors='6' ioeventfd='on' iothread='1' packed='on'/>{P}</controller>"
            f"<controller type='scsi' index='1' model='vmpvscsi'>{P}</controller>"
            f"<controller type='sata' index='0'/><controller type='sata' index='1'>{P}</controller>"
            f"<controller type='virtio-serial' ports='8' vectors='0'>{P}</controller>",
            OLD,
            [
                "-device virtio-scsi-pci,packed=on,iothread=iothread1,id=scsi0,num_queues=4,"
                f"cmd_per_lun=5,max_sectors=6,ioeventfd=on,{AT}",
                f"-device pvscsi,id=scsi1,{AT}",
                f"-device ahci,id=sata1,{AT}",
                f"-device virtio-serial-pci,id=virtio-serial0,max_ports=8,vectors=0,{AT}",
            ],
        ),
        (
            controllers.behind_hubs,
            "<controller type='ccid' index='0'/><controller type='fdc' index='0'/>",
            OLD,
            ["-device usb-ccid,id=ccid0"],
        ),
        (
            iommus.options,
            "<iommu model='intel'><driver intremap='on' eim='off' caching_mode='on' iotlb='on' "
            "aw_bits='48'/></iommu>",
            OLD,
            ["-device intel-iommu,intremap=on,caching-mode=on,eim=off,device-iotlb=on,aw-bits=48"],
        ),
        (
            panics.options,
            "<panic model='isa'><address type='isa' iobase='0x505'/></panic>"
            "<panic model='hyperv'/>",
            OLD,
            ["-device pvpanic,ioport=1285"],
        ),
        (
            tpms.options,
            "<tpm model='tpm-crb'><backend type='emulator' version='2.0'/></tpm>",
            OLD,
            ["-tpmdev emulator,id=tpm-tpm0", "-device tpm-crb,tpmdev=tpm-tpm0,id=tpm0"],
        ),
    ],
)
def test_what_libvirt_7_writes_of_a_device(
    writer: Writer, devices: str, dialect: Dialect, written: list[str]
) -> None:
    assert options(writer, domain(devices=devices, dialect=dialect)) == written


@pytest.mark.parametrize(
    ("writer", "devices", "dialect", "written"),
    [
        (
            controllers.options,
            f"<controller type='pci' index='1' model='pcie-root-port'><target memReserve='8'/>{P}"
            "</controller>",
            NEW,
            '"driver":"pcie-root-port","port":0,"chassis":0,"id":"pci.1","mem-reserve":8192,',
        ),
        (
            controllers.options,
            f"<controller type='nvme' index='0'><serial>S</serial>{P}</controller>",
            LATEST,
            '"driver":"nvme","id":"nvme0","serial":"S","bus":"pcie.0"',
        ),
        (
            iommus.options,
            f"<iommu model='virtio'>{P}</iommu>",
            HERE,
            '"driver":"virtio-iommu","id":"iommu0","bus":"pcie.0","addr":"0x3"',
        ),
        (
            iommus.options,
            "<iommu model='intel'><driver dma_translation='off'/></iommu>",
            NEW,
            '"driver":"intel-iommu","id":"iommu0","dma-translation":false',
        ),
        (
            iommus.options,
            f"<iommu model='amd'><driver intremap='on' xtsup='on'/>{P}</iommu>",
            LATEST,
            '"driver":"amd-iommu","pci-id":"iommu0","intremap":"on","xtsup":true',
        ),
        (
            panics.options,
            f"<panic model='pvpanic'>{P}</panic>",
            NEW,
            '"driver":"pvpanic-pci","bus"',
        ),
        (
            memory_devices.behind_the_controllers,
            "<memory model='virtio-mem'><source><pagesize>2048</pagesize></source><target "
            "dynamicMemslots='yes'><size unit='MiB'>512</size><node>0</node><block>2048</block>"
            f"<requested unit='MiB'>256</requested><address base='0x140000000'/></target>{P}"
            "</memory>",
            NEW,
            '"driver":"virtio-mem-pci","node":0,"block-size":2097152,"requested-size":268435456,'
            '"memdev":"memvirtiomem0","prealloc":true,"memaddr":5368709120,"dynamic-memslots":true,'
            '"id":"virtiomem0"',
        ),
        (
            memory_devices.behind_the_controllers,
            "<memory model='nvdimm'><source><path>/n</path></source><target><size>1024</size>"
            "<label><size>128</size></label><readonly/></target>"
            "<address type='dimm' slot='2' base='0x100000000'/></memory>",
            NEW,
            '"driver":"nvdimm","label-size":131072,"unarmed":true,"memdev":"memnvdimm2",'
            '"id":"nvdimm2","slot":2,"addr":4294967296',
        ),
    ],
)
def test_what_newer_libvirts_write_of_a_device(
    writer: Writer, devices: str, dialect: Dialect, written: str
) -> None:
    found = options(writer, domain(devices=devices, dialect=dialect))[-1]
    assert written in found.replace(": ", ":").replace(", ", ",")


def test_how_libvirt_tells_the_chipset_what_its_root_is() -> None:
    pc = (
        "<controller type='pci' index='0' model='pci-root'><pcihole64 unit='GiB'>2</pcihole64>"
        "<target hotplug='off'/></controller>"
    )
    hole = "-global i440FX-pcihost.pci-hole64-size=2097152K"
    hotplug = "-global PIIX4_PM.acpi-root-pci-hotplug=off"
    for dialect, told in ((OLD, []), (HERE, [hotplug])):
        given = domain(devices=pc, dialect=dialect, machine_type=PC)
        assert options(pci_controllers.hole_sizes, given) == [hole]
        assert [one for one in options(controllers.options, given) if "-global" in one] == told


def test_smbios_in_libvirts_order() -> None:
    head = (
        "<sysinfo type='smbios'><system><entry name='serial'>S, 1</entry>"
        "<entry name='manufacturer'>M</entry></system><bios><entry name='date'>d</entry></bios>"
        "<oemStrings><entry>a</entry><entry>b</entry></oemStrings></sysinfo>"
        "<sysinfo type='fwcfg'><entry name='opt/a'>x</entry>"
        "<entry name='opt/b' file='/f'/></sysinfo>"
    )
    told = domain(head, boot="<smbios mode='sysinfo'/>")
    files = ["-fw_cfg name=opt/a,string=x", "-fw_cfg name=opt/b,file=/f"]
    assert options(identity.tables, told) == [
        "-smbios type=0,date=d",
        "-smbios type=1,manufacturer=M,serial=S,, 1",
        "-smbios type=11,value=a,value=b",
        *files,
    ]
    assert options(identity.tables, domain(head)) == files


@pytest.mark.parametrize(
    ("writer", "head", "devices", "words"),
    [
        (memory.options, "", "", "<memory> is missing"),
        (memory.options, "<memory>x</memory>", "", "is no size"),
        (memory.options, "<memory unit='QiB'>1</memory>", "", "is no size"),
        (memory.options, f"<memory>{'9' * 101}</memory>", "", "is no size"),
        (
            memory.options,
            "<memory unit='MiB'>1</memory>",
            "<memory model='dimm'><target><size>1024</size></target></memory>",
            "the memory devices have all of it",
        ),
        (topology.options, "<vcpu>0</vcpu>", "", "is no number of processors"),
        (topology.options, f"<vcpu>{'9' * 101}</vcpu>", "", "is no number of processors"),
        (iothreads.options, f"<iothreads>{'9' * 101}</iothreads>", "", "is no number"),
        (numa.options, "<cpu><numa><cell cpus='3-1' memory='1'/></numa></cpu>", "", "no set of"),
        (
            numa.options,
            "<cpu><numa><cell cpus='0-99999' memory='1'/></numa></cpu>",
            "",
            "no set of",
        ),
        (processor.options, "<cpu mode='best'/>", "", "mode='best'"),
        (processor.options, "<cpu><model>a</model><feature name='a,b'/></cpu>", "", "no name"),
        (identity.uuids, "<uuid>1</uuid>", "", "is no UUID"),
        (identity.tables, "<sysinfo type='hwdata'/>", "", "type='hwdata'"),
        (clock.options, "<clock offset='lunar'/>", "", "offset='lunar'"),
        (clock.options, f"<clock offset='absolute' start='{'9' * 15}'/>", "", "is no time"),
        (machine.options, "<features><gic version='3'/></features>", "", "<gic>"),
        (security.options, "<launchSecurity type='s390-pv'/>", "", "type='s390-pv'"),
        (controllers.options, "", "<controller type='xenbus'/>", "type='xenbus'"),
        (
            controllers.options,
            "",
            f"<controller type='scsi' model='buslogic'>{P}</controller>",
            "model='buslogic'",
        ),
        (controllers.options, "", "<controller type='ide'/>", "that the chipset does not have"),
        (
            controllers.options,
            "",
            f"<controller type='usb' model='ich9-uhci1'><master startport='0'/>{P}</controller>",
            "which is not there",
        ),
        (controllers.options, "", "<controller type='nvme'/>", "nothing that libvirt 9.0.0 knows"),
        (iommus.options, "", "<iommu model='smmuv3'/>", "model='smmuv3'"),
        (iommus.options, "", "<iommu model='amd'/>", "nothing that libvirt 9.0.0 knows"),
        (panics.options, "", "<panic model='pvpanic'/>", "nothing that libvirt 9.0.0 knows"),
        (tpms.options, "", "<tpm model='tpm-spapr'/>", "model='tpm-spapr'"),
    ],
)
def test_what_is_refused(writer: Writer, head: str, devices: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        options(writer, domain(head, devices))


def test_a_host_alone_knows_its_own_tables() -> None:
    with pytest.raises(InputError, match="only the host it runs on knows"):
        options(identity.tables, domain(boot="<smbios mode='host'/>"))


@pytest.mark.parametrize("element", ["bootloader", "surprise", "keywrap"])
def test_an_element_that_nobody_writes_is_refused(element: str) -> None:
    with pytest.raises(InputError, match=f"<{element}> is not known"):
        line.command_line(domain(f"{MEMORY}<{element}/>").root, HERE)
