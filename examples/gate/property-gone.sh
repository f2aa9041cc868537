# QEMU 11.1 has no property disable-acs any more.
exec qemu-system-x86_64 -nodefaults -machine pc-q35-9.2 \
  -device pcie-root-port,id=port0,chassis=1,addr=0x2,disable-acs=on
