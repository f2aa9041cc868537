"""Pieces that domains are made of in tests: devices of every kind, each with all that may name
something of the host. Whatever does contains HOST, so that it can be looked for.

`{n}` is a number that no other piece of a domain has, `{l}` a letter.
"""

from __future__ import annotations

from collections.abc import Sequence

HOST = "hostpart"

DISKS = (
    f'<disk type="file" device="disk" snapshot="external"><driver name="qemu" type="qcow2" '
    f'cache="none" io="native" discard="unmap" queues="2"/><source file="/{HOST}/a.qcow2" '
    f'startupPolicy="optional"><seclabel model="dac" relabel="no"/></source><backingStore '
    f'type="file"><format type="raw"/><source file="/{HOST}/b"/></backingStore><target '
    f'dev="vd{{l}}" bus="virtio"/><serial>S {{n}}</serial></disk>',
    f'<disk type="block" device="lun" rawio="yes"><source dev="/dev/{HOST}"><reservations '
    f'managed="no"><source type="unix" path="/{HOST}/pr.sock" mode="client"/></reservations>'
    f'</source><target dev="sd{{l}}" bus="scsi"/></disk>',
    f'<disk type="network" device="disk"><source protocol="rbd" name="{HOST}/image"><host '
    f'name="{HOST}.example" port="6789"/><auth username="{HOST}"><secret type="ceph" '
    f'usage="{HOST}"/></auth><encryption format="luks"><secret type="passphrase" '
    f'uuid="0a81f5b2-8403-7b23-c8d6-21ccc2f80d6f"/></encryption></source><target '
    f'dev="vd{{l}}" bus="virtio"/></disk>',
    f'<disk type="network" device="disk"><source protocol="iscsi" name="iqn.{HOST}/1"><host '
    f'name="{HOST}" port="3260"/><initiator><iqn name="iqn.{HOST}"/></initiator></source><target '
    f'dev="sd{{l}}" bus="sata"/></disk>',
    f'<disk type="network" device="cdrom"><source protocol="https" name="{HOST}" query="a"><host '
    f'name="{HOST}" port="443"/><cookies><cookie name="{HOST}">{HOST}</cookie></cookies></source>'
    f'<target dev="sd{{l}}" bus="sata" tray="closed"/><readonly/></disk>',
    f'<disk type="volume" device="disk"><source pool="{HOST}" volume="{HOST}"/><target '
    f'dev="vd{{l}}" bus="virtio"/><iotune><total_bytes_sec>1</total_bytes_sec></iotune></disk>',
    '<disk type="nvme" device="disk"><source type="pci" managed="yes" namespace="1"><address '
    'domain="0" bus="1" slot="0" function="0"/></source><target dev="vd{l}" bus="virtio"/>'
    "</disk>",
    f'<disk type="vhostuser" device="disk"><source type="unix" path="/{HOST}/vhost.sock">'
    f'<reconnect enabled="yes" timeout="10"/></source><target dev="vd{{l}}" bus="virtio"/></disk>',
    '<disk type="file" device="cdrom"><target dev="sd{l}" bus="sata"/><readonly/></disk>',
    '<disk type="file" device="disk"><source file="/hostpart/x"/><target dev="sd{l}" bus="usb" '
    'removable="on"/></disk>',
)
INTERFACES = (
    f'<interface type="bridge"><source bridge="{HOST}"/><target dev="{HOST}"/><virtualport '
    f'type="openvswitch"><parameters interfaceid="09b11c53-8b5c-4eeb-8f00-d84eaa0aaa4f"/>'
    f'</virtualport><vlan><tag id="42"/></vlan><filterref filter="{HOST}"><parameter name="IP" '
    f'value="10.0.0.1"/></filterref><bandwidth><inbound average="1"/></bandwidth><mac '
    f'address="52:54:00:00:00:{{n:02x}}"/><model type="virtio"/><driver name="vhost" queues="4" '
    f'rx_queue_size="1024"><host csum="off" tso4="off"/></driver></interface>',
    f'<interface type="network"><source network="{HOST}" portgroup="{HOST}"/><mac '
    f'address="52:54:00:00:00:{{n:02x}}"/><model type="e1000e"/><rom file="/{HOST}/rom"/>'
    f'<boot order="{{n}}"/></interface>',
    f'<interface type="direct"><source dev="{HOST}" mode="passthrough"/><mac '
    f'address="52:54:00:00:00:{{n:02x}}"/><model type="virtio"/></interface>',
    f'<interface type="ethernet"><target dev="{HOST}" managed="no"/><script path="/{HOST}/up"/>'
    f'<downscript path="/{HOST}/down"/><ip address="10.0.0.5" prefix="24"/><mac '
    f'address="52:54:00:00:00:{{n:02x}}"/><model type="virtio"/><mtu size="9000"/></interface>',
    f'<interface type="vhostuser"><source type="unix" path="/{HOST}/net.sock" mode="server"/><mac '
    f'address="52:54:00:00:00:{{n:02x}}"/><model type="virtio"/></interface>',
    f'<interface type="vdpa"><source dev="/dev/{HOST}"/><mac address="52:54:00:00:00:{{n:02x}}"/>'
    f'<model type="virtio"/></interface>',
    '<interface type="hostdev" managed="yes"><source><address type="pci" domain="0" bus="0x3b" '
    'slot="0x0a" function="0x1"/></source><mac address="52:54:00:00:00:{n:02x}"/><vlan><tag '
    'id="42"/></vlan></interface>',
    f'<interface type="user"><backend type="passt" logFile="/{HOST}/log"/><source dev="{HOST}"/>'
    f'<portForward proto="tcp"><range start="2022" to="22"/></portForward><mac '
    f'address="52:54:00:00:00:{{n:02x}}"/><model type="virtio"/></interface>',
    '<interface type="udp"><source address="127.0.0.1" port="5555"><local address="127.0.0.1" '
    'port="5556"/></source><mac address="52:54:00:00:00:{n:02x}"/><model type="virtio"/>'
    "</interface>",
    '<interface type="mcast"><source address="230.0.0.1" port="5558"/><mac '
    'address="52:54:00:00:00:{n:02x}"/><model type="e1000"/></interface>',
)
HOST_DEVICES = (
    '<hostdev mode="subsystem" type="pci" managed="yes"><driver name="vfio"/><source><address '
    'domain="0" bus="1" slot="{n}" function="0"/></source></hostdev>',
    '<hostdev mode="subsystem" type="mdev" model="vfio-pci" display="off"><source><address '
    'uuid="c2177883-f1bb-47f0-914d-32a22e3a8804"/></source></hostdev>',
    '<hostdev mode="subsystem" type="scsi_host"><source protocol="vhost" '
    'wwpn="naa.5123456789abcde0"/></hostdev>',
    '<hostdev mode="subsystem" type="scsi" sgio="unfiltered"><source><adapter '
    'name="scsi_host0"/><address bus="0" target="0" unit="{n}"/></source></hostdev>',
    '<hostdev mode="subsystem" type="usb"><source startupPolicy="optional"><vendor id="0x1234"/>'
    '<product id="0xbeef"/></source></hostdev>',
    f'<redirdev bus="usb" type="tcp"><source mode="connect" host="{HOST}" service="4000"/>'
    f'<protocol type="raw"/></redirdev>',
)
PORTS = (
    f'<serial type="unix"><source mode="bind" path="/{HOST}/serial"/><target type="pci-serial"/>'
    f'<log file="/{HOST}/log" append="on"/></serial>',
    f'<serial type="file"><source path="/{HOST}/serial"/></serial>',
    f'<serial type="dev"><source path="/dev/{HOST}"/></serial>',
    f'<channel type="unix"><source mode="connect" path="/{HOST}/agent"/><target type="virtio" '
    f'name="org.example.{{l}}"/></channel>',
    f'<channel type="tcp"><source mode="connect" host="{HOST}" service="22" tls="yes"/><protocol '
    f'type="telnet"/><target type="virtio" name="tcp.{{l}}"/></channel>',
    f'<parallel type="pipe"><source path="/{HOST}/pipe"/></parallel>',
)
OTHERS = (
    f'<filesystem type="mount" accessmode="mapped"><source dir="/{HOST}/folder"/><target '
    f'dir="tag{{l}}"/></filesystem>',
    f'<filesystem type="mount" accessmode="passthrough"><driver type="virtiofs" queue="1024"/>'
    f'<binary path="/{HOST}/virtiofsd" xattr="on"><cache mode="always"/></binary><source '
    f'dir="/{HOST}/folder"/><target dir="fs{{l}}"/></filesystem>',
    f'<shmem name="{HOST}{{l}}"><model type="ivshmem-plain"/><size unit="M">4</size></shmem>',
    f'<shmem name="{HOST}{{l}}"><model type="ivshmem-doorbell"/><server path="/{HOST}/shm.sock"/>'
    f'<msi vectors="4" ioeventfd="on"/></shmem>',
    '<sound model="ich6"><codec type="micro"/></sound>',
    '<sound model="ac97"/>',
    '<video><model type="virtio" heads="2"/></video>',
    '<input type="tablet" bus="virtio"/>',
    f'<input type="passthrough" bus="virtio"><source evdev="/dev/input/{HOST}"/></input>',
    '<controller type="pci" index="{n}" model="pcie-root-port"/>',
    '<controller type="usb" index="{n}" model="nec-xhci" ports="15"/>',
    '<controller type="scsi" index="{n}" model="virtio-scsi"><driver queues="4" iommu="on"/>'
    "</controller>",
    '<controller type="virtio-serial" index="{n}" ports="16" vectors="4"/>',
)
ONCE = (
    f'<graphics type="vnc" port="5900" listen="{HOST}" passwd="{HOST}"><listen type="address" '
    f'address="{HOST}"/></graphics>',
    f'<graphics type="spice" passwd="{HOST}"><listen type="socket" socket="/{HOST}/spice"/><gl '
    f'enable="no" rendernode="/dev/dri/{HOST}"/><image compression="off"/></graphics>',
    '<tpm model="tpm-crb"><backend type="emulator" version="2.0"><encryption '
    'secret="6dd3e4a5-1d76-44ce-961f-f119f5aad935"/></backend></tpm>',
    f'<tpm model="tpm-tis"><backend type="passthrough"><device path="/dev/{HOST}"/></backend>'
    f"</tpm>",
    '<vsock model="virtio"><cid auto="no" address="3"/></vsock>',
    f'<rng model="virtio"><rate bytes="1024" period="1000"/><backend model="egd" type="tcp">'
    f'<source mode="connect" host="{HOST}" service="708"/></backend></rng>',
    f'<rng model="virtio"><backend model="random">/dev/{HOST}</backend></rng>',
    f'<audio id="1" type="pulseaudio" serverName="{HOST}"><input name="{HOST}"/></audio>',
    f'<smartcard mode="passthrough" type="tcp"><source mode="bind" host="{HOST}" service="2001"/>'
    f'<protocol type="raw"/></smartcard>',
    '<watchdog model="i6300esb" action="reset"/>',
    '<memballoon model="virtio" autodeflate="on" freePageReporting="on"><stats period="10"/>'
    "</memballoon>",
    '<memballoon model="none"/>',
    '<iommu model="intel"><driver caching_mode="on"/></iommu>',
    '<panic model="isa"/>',
    '<video><model type="vga" vram="32768" primary="yes"/></video>',
    f"<lease><lockspace>{HOST}</lockspace><key>{HOST}</key><target path='/{HOST}/x'/></lease>",
    f"<emulator>/{HOST}/qemu</emulator>",
)
# These want a machine with NUMA cells that memory can be added to: MEMORY_MACHINE.
MEMORY = (
    '<memory model="dimm" access="private"><target><size unit="MiB">512</size><node>0</node>'
    "</target></memory>",
    f'<memory model="nvdimm"><source><path>/{HOST}/nvdimm</path><alignsize unit="KiB">2048'
    '</alignsize></source><target><size unit="MiB">512</size><node>0</node><label><size '
    'unit="KiB">128</size></label></target></memory>',
    f'<memory model="virtio-pmem"><source><path>/{HOST}/pmem</path></source><target><size '
    'unit="MiB">512</size></target></memory>',
    '<memory model="virtio-mem"><source><nodemask>0</nodemask><pagesize unit="KiB">2048</pagesize>'
    '</source><target><size unit="MiB">512</size><node>0</node><block unit="KiB">2048</block>'
    '<requested unit="MiB">256</requested></target></memory>',
)
MEMORY_MACHINE = (
    '<maxMemory slots="16" unit="GiB">8</maxMemory>',
    '<cpu mode="host-model"><numa><cell id="0" cpus="0-1" memory="512" unit="MiB"/></numa></cpu>',
)
# Of libvirt 9.1 and later.
NEWER = ('<crypto model="virtio" type="qemu"><backend model="builtin" queues="2"/></crypto>',)
DEVICES: Sequence[str] = (*DISKS, *INTERFACES, *HOST_DEVICES, *PORTS, *OTHERS)

MACHINE = (
    f"<description>{HOST}</description>",
    f'<metadata><x:y xmlns:x="urn:{HOST}">{HOST}</x:y></metadata>',
    '<memoryBacking><hugepages/><source type="file"/><access mode="shared"/><locked/>'
    "</memoryBacking>",
    '<cputune><vcpupin vcpu="0" cpuset="0"/></cputune>',
    '<numatune><memory mode="strict" nodeset="0"/></numatune>',
    f"<resource><partition>/{HOST}</partition></resource>",
    f'<seclabel type="static" model="dac"><label>{HOST}:{HOST}</label></seclabel>',
    '<perf><event name="cmt" enabled="yes"/></perf>',
    f'<sysinfo type="fwcfg"><entry name="opt/com.example" file="/{HOST}/fw"/></sysinfo>',
    '<cpu mode="host-passthrough" check="none" migratable="on"><maxphysaddr mode="passthrough"/>'
    '<topology sockets="1" cores="2" threads="1"/><feature policy="require" name="vmx"/></cpu>',
    '<features><acpi/><apic/><smm state="off"/><hyperv mode="custom"><relaxed state="on"/>'
    '</hyperv><kvm><hidden state="on"/></kvm></features>',
    f'<clock offset="timezone" timezone="{HOST}"><timer name="hpet" present="no"/></clock>',
    f'<qemu:commandline xmlns:qemu="http://libvirt.org/schemas/domain/qemu/1.0"><qemu:arg '
    f'value="-qmp"/><qemu:arg value="unix:/{HOST}/x"/><qemu:env name="LD_PRELOAD" '
    f'value="/{HOST}.so"/></qemu:commandline>',
    '<launchSecurity type="sev"><cbitpos>47</cbitpos><reducedPhysBits>1</reducedPhysBits>'
    "<policy>0x0003</policy><dhCert>hostpart</dhCert></launchSecurity>",
)
OS = (
    "",
    f"<kernel>/{HOST}/vmlinuz</kernel><initrd>/{HOST}/initrd</initrd><cmdline>{HOST}</cmdline>"
    f"<dtb>/{HOST}/dtb</dtb>",
    f'<loader readonly="yes" type="pflash">/{HOST}/OVMF.fd</loader><nvram template="/{HOST}/V">'
    f"/{HOST}/vars</nvram>",
    f'<acpi><table type="slic">/{HOST}/slic</table></acpi>',
    '<smbios mode="host"/><bootmenu enable="yes" timeout="3000"/>',
)


def letters(number: int) -> str:
    """As targets of disks are told apart: a to z, aa, ab."""
    more, last = divmod(number, 26)
    return (letters(more - 1) if more else "") + chr(ord("a") + last)


def domain(
    machine: str, devices: Sequence[str], machine_parts: Sequence[str] = (), os: str = ""
) -> str:
    """A domain of these pieces, each device on a line of its own, in that order."""
    written = "\n".join(
        piece.format(n=number + 1, l=letters(number)) for number, piece in enumerate(devices)
    )
    return (
        f'<domain type="kvm"><name>{HOST}</name>\n<memory unit="MiB">512</memory><vcpu '
        f'placement="static" cpuset="0">2</vcpu>\n<os><type arch="x86_64" '
        f'machine="{machine}">hvm</type>{os}</os>\n' + "\n".join(machine_parts) + "\n<devices>\n"
        f"{written}\n</devices></domain>\n"
    )
