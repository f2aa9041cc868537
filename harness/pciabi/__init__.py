"""pciabi proves that a QEMU/libvirt guest keeps the same PCI hardware.

`compare` and the names beside it in `__all__` are for the tests of other projects, and stay what
they are (docs/python.md). Every module is pciabi's own, and may change. None is imported before a
name is used; `__init__.pyi` tells their types.
"""

from __future__ import annotations

# Written here, where the build reads it: asking the installed package's metadata takes longer to
# import than all of click.
__version__ = "0.1.0"

_MODULES = {
    "Change": "pciabi.face.comparison",
    "Comparison": "pciabi.face.comparison",
    "Consequence": "pciabi.face.comparison",
    "HardwareChanged": "pciabi.face.comparison",
    "Unknown": "pciabi.face.comparison",
    "Verdict": "pciabi.face.comparison",
    "NEVER_IN_LSPCI": "pciabi.face.comparing",
    "compare": "pciabi.face.comparing",
    "CannotTest": "pciabi.errors",
    "InputError": "pciabi.errors",
    "PciabiError": "pciabi.errors",
    "Severity": "pciabi.abi.judgement",
    "Harm": "pciabi.abi.change",
    "Outcome": "pciabi.abi.change",
}

__all__ = ["__version__", *_MODULES]


def __getattr__(name: str) -> object:
    """A public name, imported when it is first used: no command draws in any of them for it."""
    if name not in _MODULES:
        raise AttributeError(f"module 'pciabi' has no attribute '{name}'")
    # Not above: `import pciabi` loads nothing.
    import importlib

    value: object = getattr(importlib.import_module(_MODULES[name]), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    """What completion offers."""
    return sorted((*globals(), *_MODULES))
