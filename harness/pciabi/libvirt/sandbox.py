"""Where a virsh with its embedded driver runs: in namespaces of its own.

It is the first of its processes (its end is the end of all), it has no network and no /dev/kvm,
none of the files it sees can be written, and its user is not root: as root libvirt wants a user
`libvirt-qemu`, and would change the host. What it writes lies in one folder (`place.FOLDER`).
"""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

from pciabi import programs
from pciabi.errors import LibvirtError
from pciabi.libvirt import layout, place
from pciabi.libvirt.installation import HOST, Libvirt
from pciabi.programs import Bounds

_FOLDERS = (
    place.CONFIGURATION.parent,
    place.PROGRAMS,
    place.CAPABILITIES,
    place.HOME,
    place.RUNTIME,
    place.FOLDER / "dev",
)
_BOUNDS = Bounds(seconds=20, bytes=64_000)
# --kill-child, because what ends with us is not yet the first process of the inner ones.
_NAMESPACES = (
    *("unshare", "--user", "--map-root-user", "--mount", "--net", "--ipc", "--pid"),
    *("--fork", "--kill-child=KILL", "--"),
)
_USER = ("--user", "--map-user=1000", "--map-group=1000", "--")
# Its words: our folder; the folder to show at /usr/share/libvirt, or nothing; the emulator; the
# command. There is no `exec` at the end: the first process reaps what others leave. A container may
# hide parts of /proc, and then no other can be mounted: libvirt does without.
_SETTING_UP = """\
set -eu
work=$1 data=$2 emulator=$3
shift 3
cat /proc/self/mounts >"$work/mounts"
mount -t tmpfs -o mode=755,size=16m none "$work/dev"
cd "$work/dev"
mkdir pciabi pts shm
for node in full null random tty urandom zero; do
    : >$node
    mount --bind /dev/$node $node
done
mount -t devpts -o newinstance,ptmxmode=0666 none pts 2>/dev/null || :
ln -s pts/ptmx ptmx
ln -s /proc/self/fd fd
mount -t tmpfs -o size=16m none shm
mount --bind "$work" pciabi
: >pciabi/bin/qemu-system-x86_64
mount --bind "$emulator" pciabi/bin/qemu-system-x86_64
if [ -n "$data" ]; then
    mkdir pciabi/share pciabi/data
    mount --bind "$data" pciabi/data
    mount --rbind /usr/share pciabi/share
fi
while read -r _ place _ options _; do
    place=$(printf '%b' "$place")
    case ,$options, in
    *,ro,*) ;;
    *) mount -o remount,bind,ro "$place" 2>pciabi/refused || [ "$place" != / ] ;;
    esac
done <pciabi/mounts
cd /
mount --rbind "$work/dev" /dev
if [ -n "$data" ]; then
    mount -t tmpfs -o mode=755,size=1m none /usr/share
    ln -s /dev/pciabi/share/* /usr/share/
    rm -f /usr/share/libvirt
    ln -s /dev/pciabi/data /usr/share/libvirt
    mount -o remount,bind,ro /usr/share
fi
mount -t proc proc /proc 2>/dev/null || :
"$@"
"""
_VARIABLES = (
    f"PATH={place.PROGRAMS}",
    f"HOME={place.HOME}",
    f"XDG_RUNTIME_DIR={place.RUNTIME}",
    "LC_ALL=C",
    "TERM=dumb",
    "INPUTRC=/dev/null",
)


# Otherwise libvirt starts a daemon of the host's to write the output of QEMUs.
_FILES = {place.CONFIGURATION: 'stdio_handler = "file"\n'}


def prepare(folder: Path) -> None:
    """Make what a sandbox needs in a folder of ours."""
    for inside in _FOLDERS:
        outside(folder, inside).mkdir(parents=True, exist_ok=True)
    for file, text in _FILES.items():
        outside(folder, file).write_text(text)
    # libvirt refuses one that others may look into.
    outside(folder, place.RUNTIME).chmod(0o700)


def outside(folder: Path, inside: Path) -> Path:
    """Where something in a sandbox lies for us, whose folder is `folder`."""
    return folder / inside.relative_to(place.FOLDER)


def virsh(libvirt: Libvirt, folder: Path, emulator: Path) -> tuple[str, ...]:
    """What goes in front of virsh's arguments, to have it run in a sandbox whose folder is
    `prepare`d, with a program for its emulator. Raises LibvirtError where a tool is missing."""
    data = "" if libvirt.root == HOST else str(libvirt.root / layout.DATA)
    user = (_tool("unshare"), *_USER, _tool("env"), "--ignore-environment", *_VARIABLES)
    return (*_entered(folder, data, emulator), *user, *libvirt.command)


def complaint(folder: Path, emulator: Path) -> str:
    """Why there can be no sandbox here, empty where there can be one."""
    user = (_tool("unshare"), *_USER)
    try:
        said = programs.run([*_entered(folder, "", emulator), *user, _tool("true")], _BOUNDS)
    except programs.Fault as fault:
        return f"{_NAMESPACES[0]} {fault}"
    if said.status == 0:
        return ""
    return programs.last_words(said.complaint) or f"exit status {said.status}"


def _entered(folder: Path, data: str, emulator: Path) -> Sequence[str]:
    return (*_NAMESPACES, "sh", "-c", _SETTING_UP, "sh", str(folder), data, str(emulator))


def _tool(name: str) -> str:
    """A program by its path: inside there is no PATH to find it on."""
    found = shutil.which(name)
    if found is None:
        raise LibvirtError(f"{name} is missing", advice="install the package util-linux")
    return found
