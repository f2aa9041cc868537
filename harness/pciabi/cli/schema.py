"""`pciabi schema`: the JSON Schema of a file format, for editors and other programs."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import click

from pciabi.gate.policy_file import schema as policy_schema
from pciabi.guest.recipe_file import schema as image_schema
from pciabi.report.document.diff import DiffDocument
from pciabi.report.document.gate import GateDocument
from pciabi.report.document.run import ReportDocument
from pciabi.scenario.schema import ScenarioModel
from pciabi.snapshots.schema import schema as snapshot_schema

_SCHEMAS: dict[str, Callable[[], Any]] = {
    "diff": DiffDocument.json_schema,
    "gate": GateDocument.json_schema,
    "image": image_schema,
    "policy": policy_schema,
    "scenario": ScenarioModel.model_json_schema,
    "report": ReportDocument.json_schema,
    "snapshot": snapshot_schema,
}


@click.command()
@click.argument("name", type=click.Choice(sorted(_SCHEMAS)))
def schema(name: str) -> None:
    """Print the JSON Schema of a file format."""
    click.echo(json.dumps(_SCHEMAS[name](), indent=2))
