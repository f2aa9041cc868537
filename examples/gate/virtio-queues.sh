# Debian's security update of QEMU 10.0 gives every virtio queue 1024 entries; 7.2 and 11.1 give as
# many as ever, so live migration is refused in both directions.
exec qemu-system-x86_64 -nodefaults -machine pc-q35-7.2 \
  -netdev user,id=lan \
  -device virtio-net-pci,netdev=lan,id=net0,mac=52:54:00:00:00:01,addr=0x3
