"""`action.yml` and the examples of docs/gate-in-ci.md, held against the published schemas; and that
no input can become a command."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

ROOT = Path(__file__).parents[2]
ACTION: dict[str, Any] = yaml.safe_load((ROOT / "action.yml").read_text())
PAGE = (ROOT / "docs/gate-in-ci.md").read_text()
GITHUB, GITLAB = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)
STEPS = ACTION["runs"]["steps"]
_INPUT = re.compile(r"\$\{\{ inputs\.([a-z-]+) \}\}")


def schema(name: str) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((ROOT / f"tests/schemas/{name}.json").read_text())
    return loaded


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("github-actions", (ROOT / "action.yml").read_text()),
        ("github-workflows", GITHUB),
        ("gitlab-ci", GITLAB),
    ],
)
def test_it_is_what_the_published_schema_wants(name: str, text: str) -> None:
    # YAML 1.1 reads `on` as true; GitHub does not.
    document = yaml.safe_load(re.sub(r"^on:", '"on":', text, flags=re.MULTILINE))
    jsonschema.validate(document, schema(name))
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**document, "runs": {"using": "magic"}, "gate": 7}, schema(name))


def test_no_input_is_interpolated_into_a_script() -> None:
    for step in STEPS:
        assert "${{" not in step["run"], step["name"]
        assert all(_INPUT.fullmatch(value) for value in step["env"].values())


def test_every_input_is_used_and_every_one_used_is_declared() -> None:
    used = {_INPUT.fullmatch(v)[1] for step in STEPS for v in step["env"].values()}  # type: ignore[index]
    assert used == set(ACTION["inputs"])
    for step in STEPS:
        assert all(name in step["run"] for name in step["env"]), step["name"]


def test_it_uses_nobody_elses_action() -> None:
    assert not any("uses" in step for step in STEPS)
    assert all(step["shell"] == "bash" for step in STEPS)


def test_the_page_names_every_input_and_output_and_the_example_uses_no_other() -> None:
    for name in (*ACTION["inputs"], *ACTION["outputs"]):
        assert f"`{name}`" in PAGE, name
    (ours,) = [
        step for step in yaml.safe_load(GITHUB)["jobs"]["gate"]["steps"] if step.get("id") == "gate"
    ]
    assert set(ours["with"]) <= set(ACTION["inputs"])
