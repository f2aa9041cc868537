"""Which formats there are: the modules of a package, found by looking and imported when used."""

from __future__ import annotations

import importlib
import pkgutil
from types import ModuleType
from typing import Any

_FIRST = "text"


def formats(package: ModuleType) -> tuple[str, ...]:
    """The names of a package's writers: text for people first, then by name."""
    names = (module.name for module in pkgutil.iter_modules(package.__path__))
    return tuple(sorted(names, key=lambda name: (name != _FIRST, name)))


def writer(package: ModuleType, name: str) -> Any:
    """The writer of a format, with the parts that its package's docstring demands."""
    return importlib.import_module(f"{package.__name__}.{name}")
