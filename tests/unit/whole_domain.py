"""A domain with something of everything that is no ordinary device, as libvirt 9.0 defines it."""

TEXT = """\
<domain type='kvm' xmlns:qemu='http://libvirt.org/schemas/domain/qemu/1.0'>
  <name>whole</name>
  <uuid>1bc4699d-cbbd-4b94-af2a-4fe93ae4e1d4</uuid>
  <genid>12345678-1234-5678-9abc-def012345678</genid>
  <metadata/>
  <maxMemory slots='16' unit='KiB'>2097152</maxMemory>
  <memory unit='KiB'>786432</memory>
  <currentMemory unit='KiB'>786432</currentMemory>
  <memoryBacking>
    <source type='memfd'/>
    <access mode='shared'/>
  </memoryBacking>
  <vcpu placement='static' current='2'>4</vcpu>
  <iothreads>1</iothreads>
  <cputune/>
  <sysinfo type='smbios'>
    <system>
      <entry name='manufacturer'>A maker</entry>
    </system>
  </sysinfo>
  <os>
    <type arch='x86_64' machine='pc-q35-5.2'>hvm</type>
    <loader readonly='yes' type='pflash'>/usr/share/OVMF/OVMF_CODE.fd</loader>
    <boot dev='hd'/>
    <bootmenu enable='yes' timeout='3000'/>
    <smbios mode='sysinfo'/>
  </os>
  <features>
    <acpi/>
    <apic/>
    <hyperv mode='custom'>
      <relaxed state='on'/>
      <spinlocks state='on' retries='8191'/>
    </hyperv>
    <kvm>
      <hidden state='on'/>
    </kvm>
    <vmport state='off'/>
    <smm state='on'/>
    <ioapic driver='qemu'/>
    <vmcoreinfo state='on'/>
  </features>
  <cpu mode='custom' match='exact' check='none'>
    <model fallback='forbid'>qemu64</model>
    <topology sockets='1' dies='1' cores='4' threads='1'/>
    <feature policy='require' name='lahf_lm'/>
    <numa>
      <cell id='0' cpus='0-3' memory='524288' unit='KiB'>
        <distances>
          <sibling id='0' value='10'/>
        </distances>
      </cell>
    </numa>
  </cpu>
  <clock offset='utc'>
    <timer name='rtc' tickpolicy='catchup'/>
    <timer name='hpet' present='no'/>
  </clock>
  <on_poweroff>destroy</on_poweroff>
  <pm>
    <suspend-to-mem enabled='no'/>
  </pm>
  <devices>
    <emulator>/usr/bin/kvm</emulator>
    <controller type='usb' index='0' model='ich9-ehci1'>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x1d' function='0x7'/>
    </controller>
    <controller type='usb' index='0' model='ich9-uhci1'>
      <master startport='0'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x1d' function='0x0' multifunction='on'/>
    </controller>
    <controller type='scsi' index='0' model='virtio-scsi'>
      <driver queues='4' iothread='1'/>
      <alias name='ua-scsi'/>
      <address type='pci' domain='0x0000' bus='0x01' slot='0x00' function='0x0'/>
    </controller>
    <controller type='virtio-serial' index='0' ports='8'>
      <address type='pci' domain='0x0000' bus='0x02' slot='0x00' function='0x0'/>
    </controller>
    <controller type='pci' index='0' model='pcie-root'>
      <pcihole64 unit='KiB'>2097152</pcihole64>
    </controller>
    <controller type='pci' index='1' model='pcie-root-port'>
      <model name='pcie-root-port'/>
      <target chassis='1' port='0x8'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x0' multifunction='on'/>
    </controller>
    <controller type='pci' index='2' model='pcie-root-port'>
      <model name='pcie-root-port'/>
      <target chassis='2' port='0x9' hotplug='off'/>
      <address type='pci' domain='0x0000' bus='0x00' slot='0x01' function='0x1'/>
    </controller>
    <tpm model='tpm-crb'>
      <backend type='emulator' version='2.0'/>
    </tpm>
    <memballoon model='none'/>
    <iommu model='intel'>
      <driver intremap='on' caching_mode='on'/>
    </iommu>
    <panic model='isa'>
      <address type='isa' iobase='0x505'/>
    </panic>
    <memory model='dimm'>
      <target>
        <size unit='KiB'>262144</size>
        <node>0</node>
      </target>
      <address type='dimm' slot='0'/>
    </memory>
  </devices>
  <qemu:commandline>
    <qemu:arg value='-device'/>
    <qemu:arg value='edu,id=own0,bus=pcie.0,addr=0x1a'/>
    <qemu:env name='A' value='B'/>
  </qemu:commandline>
  <qemu:override>
    <qemu:device alias='ua-scsi'>
      <qemu:frontend>
        <qemu:property name='vectors' type='unsigned' value='9'/>
      </qemu:frontend>
    </qemu:device>
  </qemu:override>
  <qemu:capabilities>
    <qemu:del capability='netdev.json'/>
  </qemu:capabilities>
</domain>
"""
