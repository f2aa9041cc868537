# Nothing says where net0 goes: on i440fx the first free slot is 2, on q35 it is 1.
exec qemu-system-x86_64 -nodefaults -machine pc-i440fx-9.2 \
  -netdev user,id=lan \
  -device e1000,netdev=lan,id=net0,mac=52:54:00:00:00:01 \
  -device virtio-rng-pci,id=rng0,addr=0x4
