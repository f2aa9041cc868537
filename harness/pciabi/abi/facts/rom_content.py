"""What a function's expansion ROM holds: a hash of its bytes as a guest reads them.

Firmware runs it, to boot from a NIC or to show a picture, and measures it where the machine has
a TPM. QEMU takes it from a file of its distribution, which any update may bring anew, so a guest
must expect another one; its size is a fact of its own. Reading it takes long, and so it is read
only on request.
"""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.difference import Difference
from pciabi.abi.family import FunctionFamily, Reading, as_it_is
from pciabi.abi.judgement import benign
from pciabi.abi.kind import Advice, Kind
from pciabi.abi.opening import Both, Opening
from pciabi.abi.snapshot import PlacedFunction
from pciabi.pci.facts import Key

CHANGED = Kind(
    "rom-content",
    rank=105,
    advice=Advice(
        "Expansion ROM holds something else",
        "The expansion ROM has other bytes of the same purpose: another build of it.",
        "Nothing; to keep the old ROM, pass it with `romfile=`.",
    ),
)
_ANOTHER_BUILD = benign("a ROM comes with the distribution's packages, and a guest takes any")
# So many digits of a hash tell one from another for people.
_SHOWN_DIGITS = 16

KEY: Key[str | None] = Key("rom-content")
"""The SHA-256 of all bytes of the ROM, in hexadecimal; None without a ROM."""


def _differences(
    before: str | None, after: str | None, _: Both[PlacedFunction]
) -> Iterator[Difference]:
    """Other bytes of a ROM that both have: whether there is one is another family's."""
    if before is not None and after is not None and before != after:
        yield Difference(
            CHANGED, _ANOTHER_BUILD, "expansion ROM content", _short(before), _short(after)
        )


def _short(digest: str) -> str:
    return f"SHA-256 {digest[:_SHOWN_DIGITS]}"


def _openings(_: Both[PlacedFunction]) -> Iterator[Opening]:
    """Nothing: whatever it holds is benign, so nobody misses it."""
    return iter(())


def _shown(digest: str | None) -> Iterator[str]:
    if digest is not None:
        yield f"Expansion ROM content: {_short(digest)}"


FAMILY = FunctionFamily(
    key=KEY,
    title="expansion ROM content",
    rank=65,
    form=as_it_is(str | None),
    kinds=(CHANGED,),
    judgements=(_ANOTHER_BUILD,),
    differences=_differences,
    openings=_openings,
    shown=_shown,
    reading=Reading.ON_REQUEST,
)
