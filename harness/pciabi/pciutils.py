"""The real lspci, asked to read bytes that were taken elsewhere."""

from __future__ import annotations

from collections.abc import Sequence

from pciabi import programs
from pciabi.errors import CannotTest, InputError
from pciabi.pci import lspci
from pciabi.pci.function import PciFunction
from pciabi.programs import Bounds

_PROGRAM = "lspci"
_OPTIONS = ("-D", "-nn", "-vvv")
# Of 4 KB, lspci makes 20 KB at the most; a machine has no more than 65,536 functions.
_BYTES_A_FUNCTION = 64_000
_SECONDS = 60


def decoded(functions: Sequence[PciFunction]) -> str:
    """What lspci prints of these functions. What lspci gets from a kernel and not from the bytes,
    such as sizes of BARs and drivers, is not in it.

    Raises InputError where not all bytes were read, CannotTest without a working lspci.
    """
    for function in functions:
        if not function.is_whole:
            raise InputError(
                f"not all bytes of {function.address} were read, and lspci decodes nothing else",
                advice="--format text shows what was read",
            )
    bounds = Bounds(_SECONDS, _BYTES_A_FUNCTION * max(1, len(functions)))
    # lspci reads the hex dump from a file of any kind.
    command = [_PROGRAM, "-F", "/dev/stdin", *_OPTIONS]
    try:
        said = programs.run(command, bounds, given=lspci.dump(functions).encode())
    except programs.Missing as fault:
        raise CannotTest(
            "lspci is missing", advice="apt-get install pciutils, or use --format text"
        ) from fault
    except programs.Fault as fault:
        raise CannotTest(f"lspci {fault}") from fault
    if said.status != 0:
        words = programs.last_words(said.complaint, said.text) or "no message"
        raise CannotTest(f"lspci failed: {words}")
    return said.text
