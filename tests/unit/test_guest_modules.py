"""What a kernel module's signature looks like, and that only it is taken off."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import ImageError
from pciabi.guest.modules import unsigned

MARK = b"~Module signature appended~\n"


def signed(module: bytes, signature: bytes) -> bytes:
    """As the kernel's scripts/sign-file.c does it with PKCS#7."""
    return module + signature + struct.pack(">5B3xI", 0, 0, 2, 0, 0, len(signature)) + MARK


@given(st.binary(), st.binary())
def test_a_signature_is_taken_off_and_nothing_else(module: bytes, signature: bytes) -> None:
    module = b"\x7fELF" + module + b"end"
    assert unsigned(signed(module, signature)) == module
    assert unsigned(module) == module


@pytest.mark.parametrize("damaged", [MARK, b"\0" * 4 + MARK, b"\xff" * 12 + MARK])
def test_a_signature_longer_than_its_file_is_refused(damaged: bytes) -> None:
    with pytest.raises(ImageError, match="cut short"):
        unsigned(damaged)
