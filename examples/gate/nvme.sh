# QEMU 7.2 gives nvme a Power Management capability and Function Level Reset that 5.2 has not, under
# the same machine type.
exec qemu-system-x86_64 -nodefaults -machine pc-i440fx-5.2 \
  -drive if=none,id=disk,file=/srv/vm/disk.raw,format=raw \
  -device nvme,drive=disk,serial=0001,id=nvme0,addr=0x4
