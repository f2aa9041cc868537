"""Signs that a command starts a QEMU in a way that is not followed as a command of its own.

QEMU's program may be the word of another command (`chroot /srv qemu-system-x86_64 …`), stand in a
variable, or in a text that something else runs (`sh -c "…"`). Each sign takes one of the options
behind it that decide about PCI devices, so that merely naming QEMU's program says nothing.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from itertools import pairwise

from pciabi.vm.command_line.argument import Argument
from pciabi.vm.command_line.option_table import TAKES_ARGUMENT
from pciabi.vm.command_line.program import (
    IN_TEXT,
    is_assignment,
    is_qemu,
    may_be_qemu,
    may_start_it,
    name_of,
)

_STRONG = frozenset({"-device", "-machine", "-netdev", "-drive", "-nic", "-nodefaults"})
_OPTIONS = _STRONG | {"-M", "-net", *(f"-{name}" for name in _STRONG)}
_OPTION_IN_TEXT = re.compile(
    r"(?<![\w-])--?(?:device|machine|M|netdev|drive|nic|net|nodefaults)(?![\w-])"
)
_PROGRAM_IN_TEXT = re.compile(IN_TEXT)
# They print, look for, install or end programs, and start none of those that they name.
_QUIET = frozenset(
    re.findall(
        r"\S+",
        """
        echo printf : true false test [ [[ let unset shopt complete export return exit which
        type hash whereis help man info apropos whatis grep egrep fgrep rg ag sed cat tee head
        tail less more wc tr cut sort ls stat file readlink realpath basename dirname cp mv rm
        ln mkdir touch chmod chown install git ps pgrep pkill killall pidof logger wall notify-
        send die fatal fail error err warn warning info log msg message usage debug note say
        abort skip
        """,
    )
)
_PACKAGES = frozenset(
    re.findall(
        r"\S+",
        """
        apt apt-get apt-cache aptitude dpkg dpkg-query dnf yum microdnf rpm zypper pacman apk
        brew emerge nix-env nix-shell modprobe rmmod lsmod usermod adduser useradd groupadd
        gpasswd update-alternatives setcap getcap setfacl
        """,
    )
)
# The word behind one of these is a name, and no program.
_NAMING = frozenset({"--name", "--hostname", "--tag", "--user", "--group", "--comm", "-t"})
_MACHINE_TYPE = re.compile(r"(?:type=)?(?:pc|q35|microvm|isapc|none|virt|ubuntu|rhel|xenfv)\b")


def is_quiet(words: Sequence[Argument]) -> bool:
    """Whether a command starts none of the programs that its words name."""
    if [word.text for word in words[:2]] in (["command", "-v"], ["command", "-V"]):
        return True
    for before, word in zip((None, *words), words, strict=False):
        if word.unresolved:
            return False
        name = name_of(word)
        if name in _PACKAGES:
            return True
        if may_start_it(word) or is_assignment(word) or word.text.startswith("-"):
            continue
        if name in _QUIET and (before is None or not before.text.startswith("-")):
            return True
        # What stands behind an option may be its value, and behind `timeout` a number.
        behind_option = before is not None and before.text.startswith("-")
        if not behind_option and not word.text[:1].isdigit():
            return False
    return False


def program_in(words: Sequence[Argument]) -> int | None:
    """Which word of a command is QEMU's program, with an option of its own behind it."""
    last = _last_option(words)
    for at, word in enumerate(words[:last]):
        if not (is_qemu(word) or may_be_qemu(word)):
            continue
        if at == 0 or words[at - 1].text not in _NAMING:
            return at
    return None


def _last_option(words: Sequence[Argument]) -> int:
    """The number of the last word that is one of the options, 0 for none."""
    return next((n for n in range(len(words) - 1, 0, -1) if words[n].text in _OPTIONS), 0)


def arguments_behind(words: Sequence[Argument], at: int) -> tuple[Argument, ...]:
    """What QEMU gets: what is behind its program, or behind the `--` that ends the options of
    what starts it."""
    behind = tuple(words[at + 1 :])
    end = next((n for n, word in enumerate(behind) if word.text == "--"), -1)
    return behind[end + 1 :]


def open_program(words: Sequence[Argument]) -> int | None:
    """Which word is a program that the text leaves open, and that gets options of QEMU's."""
    for at, word in enumerate(words):
        if word.unresolved:
            whole = word.unresolved_in(len(word.text) - len(name_of(word)), len(word.text))
            return at if whole is not None and _are_qemus(words[at + 1 :]) else None
        is_option = word.text.startswith("-")
        if not (may_start_it(word) or is_assignment(word) or is_option):
            behind_option = at > 0 and words[at - 1].text.startswith("-")
            if not behind_option and not word.text[:1].isdigit():
                return None
    return None


def _are_qemus(arguments: Sequence[Argument]) -> bool:
    """Whether arguments are QEMU's whatever program they are for."""
    if not arguments or not (arguments[0].text.startswith("-") or arguments[0].splits):
        return False
    texts = [argument.text for argument in arguments]
    if _STRONG.intersection(texts):
        return True
    others = {text for text in texts if text.startswith("-") and text[1:] in TAKES_ARGUMENT}
    for option, value in pairwise(texts):
        if option == "-M" and _MACHINE_TYPE.match(value):
            return True
        if option in ("-M", "-net") and not value.startswith("-") and len(others) > 1:
            return True
    return False


def programs_in_text(text: str) -> Iterator[int]:
    """Where in a text a program of QEMU's stands with one of the options behind it."""
    options = [match.start() for match in _OPTION_IN_TEXT.finditer(text)]
    last = options[-1] if options else 0
    for match in _PROGRAM_IN_TEXT.finditer(text, 0, last):
        yield match.start()


def program_in_text(text: str) -> int | None:
    """The first of them, None for none."""
    return next(programs_in_text(text), None)


def program_end(text: str, start: int) -> int:
    """Where the program ends that begins there."""
    match = _PROGRAM_IN_TEXT.match(text, start)
    return match.end() if match is not None else len(text)


def may_hold_one(text: str) -> bool:
    """Whether the text of a command, as it is written, is worth a look at its words."""
    return "$" in text or _OPTION_IN_TEXT.search(text) is not None
