"""Files as they were at a revision of the git repository they lie in: read without a checkout, and
without anything that the repository's own configuration could have run."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from pciabi.errors import CannotTest, InputError
from pciabi.programs import Bounds, Fault, Missing, Said, first_words, run
from pciabi.snapshots.version import MAX_BYTES

OPTION = "--new-since"

_SECONDS = 60.0
_MOST_LISTED = 50_000_000
_AT_ONCE = 500
_COMMIT = re.compile(r"[0-9a-f]{40,64}")
_ENTRY = re.compile(rb"([0-7]+) (\w+) ([0-9a-f]{40,64}) +(\S+)\t(.+)", re.DOTALL)
_FILE_MODES = (b"100644", b"100755", b"100664")
# What a hook's surroundings say of another repository than the one the files lie in.
_OTHER_REPOSITORY = ("GIT_DIR", "GIT_WORK_TREE", "GIT_INDEX_FILE", "GIT_PREFIX", "GIT_COMMON_DIR")
_SETTINGS = {
    "LC_ALL": "C",
    "GIT_LITERAL_PATHSPECS": "1",
    "GIT_OPTIONAL_LOCKS": "0",
    # What a partial clone lacks would be fetched by a program of the repository's choice.
    "GIT_NO_LAZY_FETCH": "1",
    "GIT_ALLOW_PROTOCOL": "none",
    "GIT_TERMINAL_PROMPT": "0",
}
_OPTIONS = (
    "--no-pager",
    *("-c", "core.fsmonitor=false"),
    *("-c", f"core.hooksPath={os.devnull}"),
    # A folder that only looks like a repository is none.
    *("-c", "safe.bareRepository=explicit"),
)


@dataclass(frozen=True)
class Blob:
    """A file's content in a repository, by its name there and its size in bytes."""

    name: str
    size: int


def contents_at(ref: str, paths: Sequence[Path]) -> Mapping[Path, bytes | None]:
    """What files held at a revision; None for one that was not there, or was no regular file.

    Raises InputError where there is no repository, or none of its revisions is called so,
    CannotTest where git fails.
    """
    top_of = cache(_top)
    in_repository: dict[Path, dict[Path, str]] = {}
    for path in paths:
        real = Path(os.path.realpath(path))
        top = top_of(real.parent)
        in_repository.setdefault(top, {})[path] = str(real.relative_to(top))
    found: dict[Path, bytes | None] = {}
    for top, names in in_repository.items():
        commit = _commit(ref, top)
        held = _at(commit, list(dict.fromkeys(names.values())), top)
        found |= {path: held.get(name) for path, name in names.items()}
    return {path: found[path] for path in paths}


def _at(commit: str, names: Sequence[str], top: Path) -> Mapping[str, bytes]:
    """The contents of the regular files among these, by their names."""
    found: dict[str, bytes] = {}
    for start in range(0, len(names), _AT_ONCE):
        blobs = _listed(commit, names[start : start + _AT_ONCE], top)
        held = _read(list(blobs.values()), top)
        found |= {name: held[blob.name] for name, blob in blobs.items()}
    return found


def _top(folder: Path) -> Path:
    """The root of the repository that a folder belongs to."""
    said = _git(folder, "rev-parse", "--show-toplevel")
    top = os.fsdecode(said.output.removesuffix(b"\n"))
    if said.status != 0 or not folder.is_relative_to(top):
        raise InputError(
            f"{OPTION}: {folder} is in no git repository that can be read: "
            f"{first_words(said.complaint)}",
            advice="it takes one to know what is new",
        )
    return Path(top)


def _commit(ref: str, top: Path) -> str:
    """The name of the commit that is meant."""
    unknown = InputError(f"{OPTION} {ref}: there is no such revision in {top}")
    if not ref or ref.startswith("-") or "\0" in ref:
        raise unknown
    said = _git(top, "rev-parse", "--verify", "--quiet", f"{ref}^{{commit}}")
    name = said.text.strip()
    if said.status != 0 or not _COMMIT.fullmatch(name):
        raise unknown
    return name


def _listed(commit: str, names: Sequence[str], top: Path) -> Mapping[str, Blob]:
    """The regular files among these, by their names."""
    said = _git(top, "ls-tree", "-z", "-l", "--full-tree", commit, "--", *names)
    _must_have_worked(said, "ls-tree")
    return dict(_files(said.output))


def _files(listing: bytes) -> Iterator[tuple[str, Blob]]:
    for line in listing.split(b"\0"):
        entry = _ENTRY.fullmatch(line)
        if entry is None or entry[1] not in _FILE_MODES:
            continue
        name, size = os.fsdecode(entry[5]), entry[4]
        if not size.isdigit():
            raise CannotTest(
                f"{OPTION}: the repository does not hold the content that {name} had",
                advice="a partial clone? git fetch --refetch completes it",
            )
        if int(size) > MAX_BYTES:
            raise InputError(f"{OPTION}: {name} was larger than {MAX_BYTES} bytes")
        yield name, Blob(entry[3].decode(), int(size))


def _read(blobs: Sequence[Blob], top: Path) -> Mapping[str, bytes]:
    """The contents, by their names in the repository."""
    wanted = {blob.name: blob.size for blob in blobs}
    most = sum(size + 100 for size in wanted.values())
    given = "".join(f"{name}\n" for name in wanted).encode()
    said = _git(top, "cat-file", "--batch", most=most, given=given)
    _must_have_worked(said, "cat-file")
    found, rest = {}, said.output
    for name, size in wanted.items():
        head, _, rest = rest.partition(b"\n")
        if head != f"{name} blob {size}".encode() or len(rest) <= size:
            raise CannotTest(f"{OPTION}: git cat-file answers otherwise than it should: {head!r}")
        found[name], rest = rest[:size], rest[size + 1 :]
    return found


def _must_have_worked(said: Said, what: str) -> None:
    if said.status != 0:
        raise CannotTest(f"{OPTION}: git {what} failed: {first_words(said.complaint)}")


def _git(folder: Path, *words: str, most: int = _MOST_LISTED, given: bytes = b"") -> Said:
    """What git says in a folder. Raises CannotTest where it cannot be run."""
    ours = {name: value for name, value in os.environ.items() if name not in _OTHER_REPOSITORY}
    command = ("git", *_OPTIONS, "-C", str(folder), *words)
    try:
        return run(command, Bounds(_SECONDS, most), given, ours | _SETTINGS)
    except Missing:
        raise CannotTest(f"{OPTION} needs git", advice="install the package git") from None
    except Fault as fault:
        raise CannotTest(f"{OPTION}: git {fault}") from None
