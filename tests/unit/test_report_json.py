"""`report.json`: the contract others rely on."""

from __future__ import annotations

import json
from typing import Any

import jsonschema
import pytest

from pciabi.report.document.run import ReportDocument
from pciabi.report.writers import json as report_json
from tests.unit import report_data as data

CHANGE_KEYS = (
    "from to machine device id label case boot_before boot_after placement kind field offset mask "
    "before after address_before address_after path_before path_after severity reason "
    "exchanged_with expected consequences"
)
EVERYTHING = data.run(
    data.control(),
    data.idle_control(),
    data.pinned(),
    data.sabotage(),
    data.renumbered(),
    data.many(),
    data.untested("\x1b[31m\ud800"),
)


def document() -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads(report_json.render(EVERYTHING))
    return loaded


def validate(found: dict[str, Any]) -> None:
    jsonschema.validate(found, ReportDocument.json_schema(), cls=jsonschema.Draft202012Validator)


def test_the_document_obeys_its_schema_and_the_schema_its_draft() -> None:
    jsonschema.Draft202012Validator.check_schema(ReportDocument.json_schema())
    validate(document())
    validate(json.loads(report_json.render(data.run())))


@pytest.mark.parametrize("key", ["verdict", "changes", "schema", "counts"])
def test_the_schema_misses_what_is_missing(key: str) -> None:
    found = document()
    del found[key]
    with pytest.raises(jsonschema.ValidationError, match=key):
        validate(found)


def test_keys_and_their_order_are_pinned() -> None:
    found = document()
    assert list(found)[:6] == ["schema", "tool", "version", "verdict", "exit_code", "started"]
    assert (found["schema"], found["tool"]) == ("pciabi-report/3", "pciabi")
    assert found["started"] == "2030-01-02T03:04:05+00:00"
    assert all(list(change) == CHANGE_KEYS.split() for change in found["changes"])
    assert report_json.render(EVERYTHING) == report_json.render(EVERYTHING)
    assert report_json.render(EVERYTHING).isascii()


def test_a_sabotage_in_the_document() -> None:
    found = json.loads(report_json.render(data.run(data.sabotage())))
    assert (found["verdict"], found["exit_code"]) == ("break", 1)
    (move,) = [c for c in found["changes"] if c["severity"] == "breaking" and not c["expected"]]
    assert (move["id"], move["device"], move["kind"]) == ("net1", "virtio-net-pci", "moved")
    assert (move["address_before"], move["address_after"]) == ("0000:00:04.0", "0000:00:03.0")
    assert (move["from"], move["to"], move["machine"]) == ("7.2", "7.2", "pc-i440fx-7.2")
    assert (move["case"], move["placement"]) == ("two-nics-pinned[pc-sabotaged]", "root")
    assert {c["outcome"] for c in move["consequences"]} == {"changed"}
    assert found["cases"][0]["failures"][0]["line"] == 14


def test_an_error_in_the_document() -> None:
    found = json.loads(report_json.render(data.run(data.untested("one\n\ntwo\n"))))
    assert (found["verdict"], found["exit_code"]) == ("error", 3)
    error = found["cases"][0]["error"]
    assert (error["kind"], error["file"], error["line"]) == (
        "GuestError",
        "scenarios/example.yaml",
        3,
    )
    assert error["console_tail"] == ["one", "two"]
    assert error["command_line"][0] == "qemu-system-x86_64"
    assert len(found["cases"][0]["boots"]) == 1


def test_where_each_recorded_device_sits() -> None:
    found = json.loads(report_json.render(data.run(data.many())))
    placements = {f["id"]: f["placement"] for f in found["cases"][0]["boots"][0]["functions"]}
    assert placements[None] == "implicit"
    for device_id, place in {
        "net5": "root",
        "port1": "root",
        "port8": "root",
        "net0": "rp",
        "down0": "rp",
        "blk0": "rp",
        "usb0": "rp",
        "scsi0": "rp",
        "net3": "bridge",
        "bridge1": "bridge",
        "net4": "bridge",
    }.items():
        assert placements[device_id] == place, device_id


def test_unknown_consequences_are_counted() -> None:
    found = json.loads(report_json.render(data.run(data.renumbered())))
    outcomes = [c["outcome"] for change in found["changes"] for c in change["consequences"]]
    fields = [u for case in found["cases"] for c in case["comparisons"] for u in c["unknowns"]]
    assert [(u["field"], u["excused"]) for u in fields] == [("expansion ROM size", True)]
    assert found["counts"]["unknown"] == outcomes.count("unknown") + 1 > 1
