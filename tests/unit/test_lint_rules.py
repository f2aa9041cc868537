"""Every rule over every example: each speaks where it must, and nowhere else."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from pciabi.lint import rules as package
from pciabi.lint.engine import Settings, lint
from pciabi.lint.rule import Example, LoadedRule, rules
from pciabi.report.lint.manual import markdown
from pciabi.vm import formats
from pciabi.vm.formats import ConfigText

PCIABI = Path(sys.executable).with_name("pciabi")
ALL = Settings(select=("all",))


def found(example: Example) -> Counter[str]:
    result = lint(ConfigText("example", example.text), ALL)
    assert result.error is None, result.error
    assert result.format == example.format
    return Counter(finding.name for finding in result.findings)


def identified(loaded: LoadedRule) -> str:
    return loaded.rule.name


@pytest.mark.parametrize("loaded", rules(), ids=identified)
def test_the_bad_example_shows_this_rule_and_no_other(loaded: LoadedRule) -> None:
    off = {"virtio-on-root-bus"} - {loaded.rule.name}
    assert set(found(loaded.rule.bad)) - off == {loaded.rule.name, *loaded.rule.companions}


@pytest.mark.parametrize("loaded", rules(), ids=identified)
def test_the_good_example_is_clean(loaded: LoadedRule) -> None:
    # An example may well sit on q35's root bus where that is not what it is about.
    off = {"not-hot-pluggable", "virtio-on-root-bus"} - {loaded.rule.name}
    assert set(found(loaded.rule.good)) - off == set()


@pytest.mark.parametrize("loaded", rules(), ids=identified)
def test_a_rule_has_all_its_parts(loaded: LoadedRule) -> None:
    rule = loaded.rule
    assert re.fullmatch(r"PCI[1-9]\d\d", rule.code)
    assert re.fullmatch(r"[a-z]+(-[a-z]+)*", rule.name)
    assert rule.summary
    assert rule.source
    assert loaded.manual.count("\n\n") >= 1, "a first line, and a rationale below it"
    assert rule.bad != rule.good
    assert loaded.check.__doc__
    module = Path(package.__path__[0]) / f"{rule.name.replace('-', '_')}.py"
    assert module.is_file(), "the module is named for the rule"


def test_the_command_says_the_same_of_every_example(tmp_path: Path) -> None:
    for loaded in rules():
        for kind, example in (("bad", loaded.rule.bad), ("good", loaded.rule.good)):
            ending = formats.named(example.format).endings[0]
            (tmp_path / f"{kind}-{loaded.rule.name}{ending}").write_text(example.text)
    done = subprocess.run(
        [PCIABI, "lint", "--select", "all", "--format", "json", "."],
        cwd=tmp_path,
        env=dict(os.environ),
        capture_output=True,
        check=False,
    )
    assert done.returncode == 1, done.stderr
    told = {
        (Path(finding["file"]).stem, finding["name"])
        for finding in json.loads(done.stdout)["findings"]
    }
    for loaded in rules():
        assert (f"bad-{loaded.rule.name}", loaded.rule.name) in told
        assert (f"good-{loaded.rule.name}", loaded.rule.name) not in told


def test_codes_and_names_are_unique_and_no_module_is_no_rule() -> None:
    for values in ([r.rule.code for r in rules()], [r.rule.name for r in rules()]):
        assert len(set(values)) == len(values)
    modules = [path for path in Path(package.__path__[0]).glob("*.py") if path.stem != "__init__"]
    assert len(modules) == len(rules())


def test_every_format_has_its_parts() -> None:
    for format_ in formats.formats():
        assert re.fullmatch(r"[a-z][a-z0-9-]*", format_.name)
        assert format_.title
        assert "pciabi: ignore" in format_.comment


def test_the_documentation_holds_every_rules_page() -> None:
    pages = Path(__file__).parents[2] / "docs/lint-rules.md"
    assert pages.read_text() == markdown(rules()), "run script/record-rule-pages"
