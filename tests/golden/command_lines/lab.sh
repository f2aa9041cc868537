#!/bin/bash
# A lab machine kept in git: arrays with comments, several devices on a line, a few variables.
set -euo pipefail

MACHINE=pc-i440fx-7.2
declare -i CPUS=2
DISK=/srv/lab/router.img

machine=( -nodefaults -machine "$MACHINE",usb=off -smp "$CPUS" -m 1536M )
nics=(
    # towards the outside
    -netdev bridge,id=outside,br=br-outside
    -device e1000,netdev=outside,id=nic0,mac=52:54:00:aa:00:01    # pinned below with -set
    -netdev socket,id=inside,mcast=230.0.0.1:1234 -device rtl8139,netdev=inside,id=nic1,addr=0x7,multifunction=on
    -device "virtio-net-pci,id=nic2,addr=7.1"   # a spare one
)
disks=(-drive "file=$DISK,if=virtio,format=raw,cache=unsafe")
[[ -e /dev/kvm && -w /dev/kvm ]] && speed=(-enable-kvm) || speed=(-accel tcg)

cat >/dev/null <<-EOF
	What the console says goes to lab.log (it's not kept).
	EOF

sudo -E nice -n 5 qemu-system-x86_64 "${machine[@]}" \
    "${nics[@]}" -set device.nic0.addr=0x6 "${disks[@]}" \
    -nic none -vga cirrus -display cur\
ses -serial file:lab.log -device '{"driver": "i6300esb", "id": "dog0"}' "$@"
