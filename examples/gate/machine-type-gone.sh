# QEMU 11.1 has no machine type older than 5.2.
exec qemu-system-x86_64 -nodefaults -machine pc-i440fx-4.2 \
  -netdev user,id=lan \
  -device e1000,netdev=lan,id=net0,mac=52:54:00:00:00:01,addr=0x3
