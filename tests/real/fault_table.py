"""Every fault that a test provokes for real: how, what pciabi then says, and its exit code.

`docs/faults.md` is this table; `script/record-faults` writes it.
"""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, TypeVar

F = TypeVar("F", bound=Callable[..., Any])

RUN = "`pciabi run two-nics-pinned`"
OWN = "`pciabi run own.pciabi.yaml`"
LIBVIRT = "`pciabi snapshot vm.xml --from"


@dataclass(frozen=True)
class Fault:
    """One row. `message` is what the output holds, word for word, line breaks apart; `…` stands
    for what differs from machine to machine."""

    name: str
    provoked: str
    message: str
    exit_code: int

    def must_show(self, output: str, code: int) -> None:
        """Assert that a command ended with this row's exit code and said its message, in order."""
        said = " ".join(output.split())
        assert code == self.exit_code, f"exit code {code}, not {self.exit_code}:\n{output}"
        at = 0
        for part in filter(None, self.message.split("…")):
            found = said.find(" ".join(part.split()), at)
            assert found >= 0, f"{part!r} is not in:\n{output}"
            at = found + len(part)
        assert "Traceback" not in output

    def must_be_in(self, done: subprocess.CompletedProcess[str]) -> None:
        """Assert it of a command that has ended."""
        self.must_show(done.stdout + done.stderr, done.returncode)


def _overlay(change: str) -> str:
    return f"{OWN}, the guest's init changed: {change}"


def _own(change: str) -> str:
    return f"{OWN} with `image: guest.yaml`: {change}"


_ROWS = (
    # What is there before any guest is.
    Fault("QEMU missing", f"{RUN} --qemu /nowhere/qemu",
          "QEMU is missing: no program /nowhere/qemu (apt-get install qemu-system-x86", 3),
    Fault("QEMU too old", f"{RUN} --qemu ./qemu, a program that says version 4.2.1",
          "QEMU is too old: QEMU emulator version 4.2.1", 3),
    Fault("not a QEMU", f"{RUN} --qemu ./qemu, another program", "is not a working QEMU", 3),
    Fault("QEMU says too much of itself", f"{RUN} --qemu ./qemu, whose --version never ends",
          "--version says more than 64,000 bytes", 3),
    Fault("QEMU complains without an end", "`pciabi snapshot vm.sh` --qemu ./qemu, whose standard "
          "error never ends", "QEMU writes more than 1,000,000 bytes to standard error", 3),
    Fault("QEMU's version never comes", f"{RUN} --qemu ./qemu, whose --version waits for ever",
          "--version did not end in 10 s", 3),
    Fault("a recipe that is none", f"{OWN}, with image: /etc/passwd",
          "/etc/passwd:1: own[pc-virtio-net-pci]: none of its keys is one of: description", 2),
    Fault("unknown device driver", f"{OWN}, with driver: e1001",
          "own.pciabi.yaml:…: own[pc-virtio-net-pci]: unknown device driver 'e1001' "
          "(device net1)", 2),
    Fault("slot already taken", f"{OWN}, with addr: 0x3 twice",
          "own.pciabi.yaml:…: own[pc-virtio-net-pci]: QEMU refuses device net1…"
          "slot 3 function 0 not available", 2),
    Fault("unknown machine type", f"{OWN}, with machine: pc-q35-1.0",
          "own.pciabi.yaml:…: own[pc-virtio-net-pci]: unknown machine type 'pc-q35-1.0'", 2),
    Fault("an option QEMU refuses", "`pciabi snapshot vm.sh`, with -smp 999999",
          "vm.sh:2: QEMU refuses -smp 999999: the machine type takes no more than 288 processors "
          "(QEMU …, machine type pc-q35-7.2)", 2),
    Fault("more memory than there can be", "`pciabi snapshot vm.sh`, with -m 99999999G",
          "vm.sh:2: QEMU refuses -m 99999999G: …; no host addresses that much (QEMU …", 2),
    Fault("slot taken from a device of the host's",
          "`pciabi snapshot vm.sh`, with a vfio-pci at a place that is taken",
          "vm.sh:9: QEMU refuses device hostdev0 (vfio-pci): PCI: slot 2 function 0 not available "
          "for vfio-pci, in use by virtio-blk-pci, line 8 (QEMU …, machine type pc)", 2),
    Fault("machine type one side's QEMU lacks",
          "`pciabi diff vm.sh vm.sh --to-machine pc-q35-99`",
          "vm.sh:1: B (after): --to-machine pc-q35-99: unknown machine type 'pc-q35-99' (… lists "
          "those of QEMU …)", 2),
    Fault("file missing", "`pciabi snapshot vm.json` where there is none",
          "there is no file vm.json", 2),
    Fault("format that only lint reads", "`pciabi snapshot vm.conf`, Proxmox' configuration",
          "vm.conf:1: neither a snapshot, nor lspci's text, a scenario, a QEMU command line or a "
          "libvirt domain, but Proxmox, which only `lint` reads (yet) (qm showcmd VMID prints its "
          "command line)", 2),
    Fault("device one side's QEMU lacks, stood in for",
          "`pciabi diff vm.sh vm.sh --from 7.2 --to 11.1` with `-device pvrdma`",
          "vm.sh:2: B (after): QEMU refuses device p (pvrdma): 'pvrdma' is not a valid device "
          "model name (QEMU 11.1…, machine type pc)", 2),
    Fault("property of a device that another stands in for",
          "`pciabi snapshot vm.sh` with `-device vfio-pci,host=1:0.0,nosuchthing=4`",
          "vm.sh:2: QEMU refuses device p (vfio-pci): Property 'vfio-pci.nosuchthing' not found "
          "(QEMU …, machine type pc-i440fx-7.2)", 2),
    Fault("machine type without a PCI bus", "`pciabi snapshot vm.sh` with `-machine isapc`",
          "vm.sh:2: machine type … has no PCI bus (pciabi compares PCI hardware; QEMU …)", 2),
    Fault("input that is empty", "`pciabi diff /dev/stdin /dev/stdin` with one file on it",
          "/dev/stdin:1: the input is empty: it lists no PCI function", 3),
    Fault("lspci -t", "`pciabi snapshot` with a text of `lspci -t`",
          "tree.txt:1: lspci -t shows no ids (lspci -nn -vvv -xxxx prints a text to save)", 2),
    Fault("UEFI firmware missing", "pciabi run firmware-change, no firmware descriptor there",
          "no UEFI firmware for machine type pc-i440fx-…: no descriptor in …/qemu/firmware… fits "
          "(apt-get install ovmf)", 3),
    Fault("another firmware than was asked for",
          "pciabi run firmware-either, a firmware descriptor that calls SeaBIOS a UEFI",
          "the VM was to run on ovmf, and the guest runs on SeaBIOS", 3),
    Fault("UEFI does not start the kernel", "firmware: ovmf with a vmlinux of the user's",
          "UEFI does not start the kernel, which must be a bzImage with an EFI stub: Not Found", 3),
    Fault("invalid YAML", f"{OWN}, with steps: [", "own.pciabi.yaml:…not valid YAML", 2),
    # The guest.
    Fault("guest kernel panic", _overlay("it ends at once"),
          "the guest kernel panicked: Attempted to kill init!", 3),
    Fault("guest without an init", f"{OWN}, the kernel told to start init=/nowhere",
          "the guest kernel panicked: VFS: Unable to mount root fs", 3),
    Fault("guest reboots", _overlay("reboot -f before it is ready"),
          "the guest rebooted or switched itself off before it was read", 3),
    Fault("emergency shell", _overlay("it prints what systemd prints there, and waits"),
          "the guest stopped in an emergency shell: You are in emergency mode.", 3),
    Fault("no network", _overlay("it looks for the host at an address where nobody is"),
          "the guest reports: no answer from the host on eth", 3),
    Fault("network lost", _overlay("the interface goes down just before it is ready"),
          "the guest's SSH server did not answer in 30 s", 3),
    Fault("no link", _overlay("the interface is not brought up"),
          "the guest reports: no link on eth", 3),
    Fault("no SSH server", _overlay("no dropbear"),
          "no SSH connection to the guest: …", 3),
    Fault("SSH key refused", _overlay("another authorized key"),
          "the guest refused the run's SSH key", 3),
    Fault("wrong host key", _overlay("dropbear makes its own host key"),
          "the guest shows another SSH host key than the pinned one", 3),
    Fault("lspci missing", _overlay("rm /usr/bin/lspci"),
          "`lspci -D -nn -vvv -xxxx` ended with status 127 in the guest: sh: lspci: not found", 3),
    Fault("lspci fails", _overlay("an lspci that ends with status 1"),
          "`lspci -D -nn -vvv -xxxx` ended with status 1 in the guest: pcilib: Cannot open", 3),
    Fault("lspci prints nothing", _overlay("an lspci that prints nothing"),
          "the lspci output lists no PCI function", 3),
    Fault("lspci is cut off", _overlay("an lspci whose output ends in the middle of a row"),
          "of the lspci output…", 3),
    Fault("guest not ready in time", f"{OWN}, with timeout: 1",
          "the guest was not ready after 1 s (a longer `timeout:` in the scenario if this "
          "machine is slow)", 3),
    Fault("lspci never ends", f"{_overlay('an lspci that prints a line a second')}; timeout: 25",
          "`lspci -D -nn -vvv -xxxx` could not be run in the guest: timed out", 3),
    # A user's own guest: guest.yaml names it, and how to log in.
    Fault("own guest: wrong password", _own("a wrong password"),
          "the guest refused the login on its console: what is in PCIABI_TEST_USER or "
          "PCIABI_TEST_PASSWORD is wrong", 3),
    Fault("own guest: unknown user", _own("a user it does not have"),
          "the guest refused the login on its console", 3),
    Fault("own guest: variable not set", _own("a variable that nobody set"),
          "guest.yaml:5: own[pc-virtio-net-pci]: login.console.…: the environment has no "
          "variable PCIABI_TEST_", 2),
    Fault("own guest: no password named", _own("no `password-from:`"),
          "the guest asks for a password on its console (name its variable in `password-from:`)",
          3),
    Fault("own guest: user is not root", _own("a user with the id 1000"),
          "the user in the guest is not root but has the id 1000; to such a user lspci shows 64 "
          "bytes of a function and <access denied> (log in as root)", 3),
    Fault("own guest: lspci missing", _own("rm /usr/bin/lspci"),
          "the guest has no lspci (install its package pciutils into the guest)", 3),
    Fault("own guest: no login prompt", _own("no getty on its console"),
          "no login prompt on the serial console after 6 s (the guest needs console=ttyS0 and a "
          "getty there; or a longer `timeout:`)", 3),
    Fault("own guest: noise on the console", _own("something that prints there all the time"),
          "the output of `…` does not arrive whole over the console", 3),
    Fault("own guest: no SSH server", _own("no SSH server"),
          "no SSH server answered at the guest's 10.0.2.15 within 6 s (the guest needs DHCP on "
          "its NICs and an SSH server; or a longer `timeout:`)", 3),
    Fault("own guest: SSH key refused", _own("another authorized key"),
          "the guest refused root's SSH key key", 3),
    Fault("own guest: wrong host key", _own("another `host-key:`"),
          "the guest shows another SSH host key than the pinned one", 3),
    Fault("own guest: kernel panic", _own("its init ends at once"),
          "the guest kernel panicked: Attempted to kill init!", 3),
    Fault("own guest: unknown CPU", _own("`cpu: Pentium9` in it"),
          "guest.yaml:4: own[pc-virtio-net-pci]: QEMU has no CPU model 'Pentium9'", 2),
    Fault("own guest: hot-plugging", _own("`hotplug:` in the scenario"),
          "hot-plugging needs a guest that follows pciabi's own protocol (a recipe without "
          "`login:`)", 2),
    Fault("own disk: emergency mode", _own("a disk, and systemd.unit=emergency.target"),
          "the guest stopped in an emergency shell: You are in emergency mode.", 3),
    Fault("own disk: no root file system", _own("a disk, and root=LABEL=nowhere"),
          "the guest stopped in its initramfs: ALERT! LABEL=nowhere does not exist. Dropping to "
          "a shell!", 3),
    Fault("own disk: nothing to boot", _own("a disk of zeros"),
          "the firmware found nothing to boot: No bootable device", 3),
    Fault("own disk: another format", _own("a disk of zeros, said to be qcow2"),
          "guest.yaml:1: own[pc-virtio-net-pci]: QEMU cannot use the guest's disk: Image is not "
          "in qcow2 format", 2),
    Fault("own disk: in use", _own("a disk another program writes to"),
          "guest.yaml:1: own[pc-virtio-net-pci]: QEMU cannot use the guest's disk: Failed to get "
          'shared "write" lock Is another process using the image', 2),
    Fault("own disk: no controller", _own("a disk, and machine: q35,sata=off"),
          "own.pciabi.yaml:…: own[pc-virtio-net-pci]: a machine q35,sata=off has no place for the "
          "guest's disk: Bus 'ide.1' not found", 2),
    # QEMU while it runs.
    Fault("QEMU killed", f"{RUN}, and kill -KILL of its QEMU", "QEMU ended by signal 9", 3),
    Fault("QEMU hangs", f"{OWN} with timeout: 3, and kill -STOP of its QEMU",
          "QEMU hangs: SIGSTOP suspended it, and nothing let it go on", 3),
    Fault("QEMU hangs while it is read", "`pciabi snapshot vm.sh`, its QEMU suspended",
          "vm.sh:1: QEMU hangs: SIGSTOP suspended it, and nothing let it go on (…, QEMU …)", 3),
    Fault("QEMU is silent", "`pciabi snapshot vm.sh --qemu ./qemu`, which says nothing",
          "vm.sh:1: QEMU did not greet in … s (…/qemu, QEMU …)", 3),
    Fault("QEMU stops answering", "`pciabi snapshot vm.sh --qemu ./qemu`, which falls silent",
          "vm.sh:1: QEMU did not answer qtest in time (…/qemu, QEMU …)", 3),
    Fault("QEMU babbles", "`pciabi snapshot vm.sh --qemu ./qemu`, which prints rubbish on QMP",
          "vm.sh:1: what QEMU says on its monitor is no QMP: …(…/qemu, QEMU …)", 3),
    Fault("QEMU ends without a word", "`pciabi diff vm.sh vm.sh --to ./qemu`, which ends with "
          "status 0",
          "vm.sh:1: B (after): QEMU ended with status 0 and said nothing (…/qemu, QEMU …)", 3),
    Fault("QEMU floods its monitor", "`pciabi snapshot vm.sh --qemu ./qemu`, with endless events",
          "vm.sh:1: QEMU says too much on its monitor: more than 10,000,000 bytes of events "
          "(…/qemu, QEMU …)", 3),
    # The machine pciabi runs on.
    Fault("disk full while reporting", f"{RUN} with 16 KB of room in reports/",
          "held: two-nics-pinned[pc-virtio-net-pci]: …the report cannot be written to "
          "reports: No space left on device (--report-dir names another place)", 3),
    Fault("disk full while booting", f"{RUN} with 4 MB of room in TMPDIR",
          "No space left on device (free some space there, or set TMPDIR to another place)", 3),
    Fault("port taken", f"{RUN} where half of the few local ports are taken",
          "held: two-nics-pinned[pc-virtio-net-pci]", 0),
    Fault("two runs in one folder at once", f"{RUN} & {RUN}",
          "held: two-nics-pinned[pc-virtio-net-pci]", 0),
    Fault("image build killed half-way", "kill -KILL of `pciabi image build`, then it again",
          "image debian: unpacking…debian …Linux …MB", 0),
    Fault("image in the cache damaged", f"{RUN} after a byte of its initrd was changed",
          "image debian: writing the image…held: two-nics-pinned[pc-virtio-net-pci]", 0),
    Fault("output cannot be written", "every command, > /dev/full",
          "the output cannot be written: No space left on device", 3),
    Fault("standard input closed", "`pciabi lint -` <&-", "standard input is closed", 3),
    Fault("standard output closed", "`pciabi rules` >&-", "standard output is closed", 3),
    Fault("working folder gone", "any command in a folder that was removed",
          "the working folder is gone", 3),
    Fault("too few descriptors", "`pciabi snapshot vm.sh` with ulimit -n 8",
          "could not be started: Too many open files", 3),
    Fault("no more processes", "`pciabi snapshot vm.sh` with ulimit -u 2",
          "could not be started: ", 3),
    Fault("no home", "`pciabi qemu list` without HOME, as a user id without a name",
          "there is no home folder, so the cache is …/pciabi-cache-", 0),
    # Released QEMUs.
    Fault("QEMU release not fetched", f"{RUN} --qemu 9.9",
          "QEMU 9.9 is not in the cache (pciabi qemu get 9.9)", 3),
    # The QEMU of a process that runs.
    Fault("a process that is gone", "`pciabi snapshot vm.sh` --qemu proc:PID, of one that has "
          "ended", "there is no process … (it may have ended)", 3),
    Fault("a process that has ended and still has its number", "the same, before it is waited "
          "for", "process … runs no program: it has ended, or is the kernel's own", 2),
    Fault("a process of another program", "the same, of a sleep", "runs …/sleep, which is no QEMU "
          "(a script or a loader that starts one has another number)", 2),
    Fault("another user's process", "the same, of a QEMU of root's, by an ordinary user",
          "may not be looked at: Permission denied (as root, or as the user who runs it)", 3),
    Fault("a process whose file is gone from its own root", "the same, of a QEMU in a mount "
          "namespace", "/usr/libexec/qemu-kvm, which process … runs, was deleted or replaced in "
          "the root folder that the process sees", 3),
    Fault("root without a QEMU", "`pciabi snapshot vm.sh` --qemu ./root, a folder without one",
          "there is no QEMU in …/root: no program qemu-system-x86_64, qemu-kvm or kvm in usr/bin, "
          "usr/libexec, …, and no qemu-system-x86_64 of a build (name the program itself)", 3),
    Fault("root without a library", "`pciabi snapshot vm.sh` --qemu ./root, without libglib",
          "…/root does not hold all that qemu-kvm needs: libglib-2.0.so.0 (unpack the "
          "packages it depends on into the same folder)", 3),
    Fault("root without a loader", "`pciabi snapshot vm.sh` --qemu ./root, without ld-linux",
          "…/root has no loader for qemu-kvm: neither /lib64/ld-linux-x86-64.so.2 nor a file of "
          "that name in lib64, usr/lib64, … (unpack the package of the C library into the same "
          "folder)", 3),
    Fault("root without a BIOS", "`pciabi snapshot vm.sh` --qemu ./root, without SeaBIOS",
          "…/root has no firmware for qemu-kvm: no bios-256k.bin and kvmvapic.bin in /usr/share/"
          "qemu, … (unpack QEMU's data and SeaBIOS into the same folder)", 3),
    Fault("QEMU release damaged", f"{RUN} --qemu 10.0 after a byte of its program was changed",
          "/usr/bin/qemu-system-x86_64 is damaged (run pciabi qemu get debian:trixie)", 3),
    Fault("fetching a QEMU killed half-way", "kill -KILL of `pciabi qemu get debian:trixie`, "
          "then it again", "unpacking…debian:trixie QEMU 10.0.…", 0),
    Fault("unknown suite", "`pciabi qemu get debian:potato`",
          "no suite 'potato' is known (there are: bullseye, bookworm, trixie", 2),
    Fault("archive changed or not signed", "`pciabi qemu get debian:trixie --mirror URI`",
          "the archive's index is not signed by the archive's key, so it is not used", 3),
    # Released libvirts, and the one that is installed.
    Fault("libvirt release not fetched", f"{LIBVIRT} libvirt:10.9`",
          "libvirt 10.9 is not in the cache (pciabi libvirt get 10.9)", 3),
    Fault("no libvirt installed", f"{LIBVIRT} libvirt:host`, no virsh on PATH",
          "libvirt is missing: no program virsh (apt-get install libvirt-clients "
          "libvirt-daemon-driver-qemu, or pciabi libvirt get 9.0)", 3),
    Fault("not a virsh", f"{LIBVIRT} libvirt:host`, another program of that name on PATH",
          "/virsh is not a working virsh: ", 3),
    Fault("libvirt release damaged",
          f"{LIBVIRT} libvirt:11.3` after a byte of its driver was changed",
          "/libvirt_driver_qemu.so is damaged (run pciabi libvirt get debian:trixie)", 3),
    Fault("a libvirt that does not take the QEMU", f"{LIBVIRT} libvirt:11.3@5.2`",
          "libvirt 11.3.0 does not take QEMU 5.2.0: unsupported configuration: QEMU version >= "
          "6.2.0 is required, but 5.2.0 found (name another QEMU: libvirt:VERSION@QEMU)", 3),
    Fault("no namespaces for a libvirt",
          f"{LIBVIRT} libvirt:host` where user namespaces are forbidden",
          "libvirt is run in namespaces of its own, and there are none to be had: unshare: …"
          "(allow user namespaces)", 3),
    Fault("a domain of another hypervisor", f"{LIBVIRT} libvirt:host`, with <domain type='lxc'>",
          "vm.xml:1: a domain of lxc, which is no QEMU", 2),
    Fault("a domain that libvirt refuses",
          f"{LIBVIRT} libvirt:9.0`, with a machine type of no QEMU",
          "vm.xml:5: libvirt 9.0.0 refuses the domain: unsupported configuration: Emulator "
          "'qemu-system-x86_64' does not support machine type 'pc-q35-99'", 2),
    Fault("a virsh that is killed", f"{LIBVIRT} libvirt:11.3`, and kill -KILL of its virsh",
          "virsh of libvirt:11.3 has ended with signal 9", 3),
    Fault("a virsh that never ends its answer",
          f"{LIBVIRT} libvirt:host`, a virsh that prints for ever",
          "virsh of libvirt:host says more than 16,000,000 bytes", 3),
    Fault("a virsh that does not answer", f"{LIBVIRT} libvirt:host`, a virsh that waits for ever",
          "virsh of libvirt:host did not answer in … s", 3),
    Fault("unknown suite of a libvirt", "`pciabi libvirt get debian:potato`",
          "no suite 'potato' is known (there are: bullseye, bookworm, trixie", 2),
    # Configurations.
    Fault("lint: nothing to lint in a folder", "`pciabi lint vms`, an empty folder",
          "there is no VM's configuration in the folder vms, so nothing was linted (files that end "
          "in .args …; a file that is named is always read)", 2),
    Fault("lint: a file without a VM", "`pciabi lint help.sh`, which only asks QEMU for help",
          "help.sh holds no VM that can be read, though it looks like a QEMU command line", 2),
    Fault("a file of -readconfig missing", "`pciabi snapshot vm.sh`, with -readconfig more.cfg",
          "vm.sh:1: -readconfig more.cfg: cannot be read: No such file or directory", 2),
    # Stopped.
    Fault("Ctrl-C", f"{RUN}, and Ctrl-C while KVM is tried, the image is built, the guest boots, "
          "or it is read", "pciabi: stopped by signal 2", 130),
    Fault("SIGTERM", f"{RUN}, and kill -TERM of pciabi", "pciabi: stopped by signal 15", 143),
    Fault("Ctrl-C while reading", "`pciabi diff fifo vm.sh`, `lint -` and others, and Ctrl-C while "
          "nothing comes", "pciabi: stopped by signal 2", 130),
    Fault("SIGTERM while reading", "the same, and kill -TERM", "pciabi: stopped by signal 15", 143),
    Fault("Ctrl-C while reporting", f"{RUN}, and Ctrl-C while the report is being written",
          "held: two-nics-pinned[pc-virtio-net-pci]…pciabi: stopped by signal 2", 130),
)  # fmt: skip
FAULTS = MappingProxyType({row.name: row for row in _ROWS})
PROVOKED: set[str] = set()

_HEADING = """# Faults

What keeps a test from being carried out, and what pciabi then says. Every row is provoked for
real by a test in `tests/real`; `script/record-faults` makes this page from their table.
The message ends with the guest's last console lines where they help (not shown here). `…`
stands for what differs from case to case; `own.pciabi.yaml` is the shipped scenario with the
change that is named; all with `--select machine=pc --select nic=virtio-net-pci`. After every one
of them no process and no temporary folder is left; what a SIGKILL left, the next command removes.

| fault | provoked by | pciabi says | exit code |
| --- | --- | --- | --- |
"""


def provokes(*names: str) -> Callable[[F], F]:
    """Mark a test as the one that provokes these rows."""
    unknown = set(names) - FAULTS.keys()
    assert not unknown, unknown

    def mark(function: F) -> F:
        PROVOKED.update(names)
        return function

    return mark


def page() -> str:
    """The text of `docs/faults.md`."""
    rows = (
        f"| {row.name} | {row.provoked} | {row.message.replace('|', '&#124;')} "
        f"| {row.exit_code} |\n"
        for row in _ROWS
    )
    return _HEADING + "".join(rows)
