"""What the baseline of a VM is called: a path below the folder of baselines, made of the path of
its configuration and of its case. Pure.

The path is that from the folder which the baselines' own one stands in, so that it is the same in
every checkout and from wherever a gate is run. Different VMs have different names, and none leads
out of the folder: what could is percent-encoded, and so is what would collide.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from urllib.parse import quote

from pciabi.result.entry import Subject

SUFFIX = ".json"

_PLAIN = "+,=@"
# Neither can come of percent-encoding, whose digits are hexadecimal.
_UP, _SHORTENED = "%up", "%h"
_LONGEST, _KEPT, _DIGITS = 200, 160, 16


def baseline_name(folder: Path, subject: Subject) -> Path:
    """The path of a VM's baseline below the folder of baselines, such as `vms/web.sh.json`."""
    parent = os.path.dirname(os.path.abspath(folder))  # noqa: PTH100, PTH120 - links stay links
    *folders, file = Path(os.path.relpath(subject.file, parent)).parts
    case = f"[{_encoded(subject.name)}]" if subject.name else ""
    return Path(*map(_folder, folders), _short(_encoded(file) + case) + SUFFIX)


def _folder(name: str) -> str:
    if name == os.pardir:
        return _UP
    encoded = _short(_encoded(name))
    # A file there may have the name of a folder otherwise.
    return encoded.removesuffix(SUFFIX) + "%2Ejson" if encoded.endswith(SUFFIX) else encoded


def _encoded(name: str) -> str:
    """The name in ASCII, without separators and brackets, and hidden from nobody."""
    encoded = quote(os.fsencode(name), safe=_PLAIN)
    return f"%2E{encoded[1:]}" if encoded.startswith(".") else encoded


def _short(name: str) -> str:
    """A name that every file system takes."""
    if len(name) <= _LONGEST:
        return name
    return name[:_KEPT] + _SHORTENED + hashlib.sha256(name.encode()).hexdigest()[:_DIGITS]
