"""The real lspci, asked to read bytes that were taken elsewhere."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

from pciabi.errors import CannotTest, InputError
from pciabi.pci import lspci
from pciabi.pci.function import PciFunction

_PROGRAM = "lspci"
_OPTIONS = ("-D", "-nn", "-vvv")
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
    try:
        result = subprocess.run(
            # lspci reads the hex dump from a file of any kind.
            [_PROGRAM, "-F", "/dev/stdin", *_OPTIONS],
            input=lspci.dump(functions),
            capture_output=True,
            text=True,
            timeout=_SECONDS,
            check=False,
        )
    except FileNotFoundError as error:
        raise CannotTest(
            "lspci is missing", advice="apt-get install pciutils, or use --format text"
        ) from error
    except (OSError, subprocess.TimeoutExpired) as error:
        raise CannotTest(f"lspci did not answer: {error}") from error
    if result.returncode != 0:
        words = (result.stderr or result.stdout).strip().splitlines()
        raise CannotTest(f"lspci failed: {words[-1] if words else 'no message'}")
    return result.stdout
