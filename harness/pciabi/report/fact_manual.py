"""The page about the facts that are compared: what each is, how bad a difference is, and why."""

from __future__ import annotations

from collections.abc import Iterator

from pciabi.abi.families import families, manuals
from pciabi.abi.family import FunctionFamily, Reading

_HEAD = """\
# The facts that are compared

Written by `script/record-facts` from the families of facts in `abi/facts/`. A snapshot file holds
a fact below its family's name; a family that is not there was not read, and so is unknown.
"""


_READ = {
    Reading.WITH_THE_FUNCTION: "with every function",
    Reading.ALWAYS: "unless `--facts` names others",
    Reading.ON_REQUEST: "only where `--facts` names it",
}


def manual() -> str:
    """The page, as Markdown."""
    return "\n".join((_HEAD, *_families()))


def _families() -> Iterator[str]:
    texts = manuals()
    for family in families():
        subject = "function" if isinstance(family, FunctionFamily) else "machine"
        yield f"## {family.key.name}\n"
        yield f"{texts[family.key.name]}\n"
        place = "the snapshot's own structure" if family.form is None else "`facts`"
        yield f"Of each {subject}; read {_READ[family.reading]}; stands in {place}.\n"
        yield "| change | means | what to do |\n| --- | --- | --- |"
        for kind in family.kinds:
            yield f"| {kind} | {kind.advice.meaning} | {kind.advice.remedy} |"
        yield "\n| severity | because |\n| --- | --- |"
        for judgement in family.judgements:
            yield f"| {judgement.severity} | {judgement.reason} |"
        yield ""
