# the interfaces script
# Prints every network interface that a PCI function carries, in a user's own guest: one
# KEY=VALUE a line, an empty line behind each interface. NAME is the name it has; ID_NET_* is
# what udev's net_id builtin offers, where there is a udev.

# The PCI function that carries a device, which may hang below it as a virtio NIC does.
pci_function() {
    path=$1
    while [ "${path#/sys/devices/}" != "$path" ]; do
        case ${path##*/} in
        ????:??:??.?)
            echo "${path##*/}"
            return
            ;;
        esac
        path=${path%/*}
    done
}

for class in /sys/class/net/*; do
    [ -e "$class/device" ] || continue
    device=$(readlink -f "$class/device")
    address=$(pci_function "$device")
    [ -n "$address" ] || continue
    echo "INTERFACE=${class##*/}"
    echo "ADDRESS=$address"
    read -r mac <"$class/address" && echo "MAC=$mac"
    driver=$(readlink "$device/driver") && echo "DRIVER=${driver##*/}"
    echo "NAME=${class##*/}"
    if command -v udevadm >/dev/null 2>&1; then
        udevadm test-builtin net_id "$class" 2>/dev/null | grep '^ID_NET_NAME' || :
    fi
    echo
done
