# QEMU 11.1 makes BAR 0 of ati-vga four times as large, without a compat property that would keep
# it as it was. x-linear-aper-size=16777216 does.
exec qemu-system-x86_64 -nodefaults -machine pc-i440fx-9.2 \
  -device ati-vga,id=vga0,addr=0x2
