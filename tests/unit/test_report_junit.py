"""`junit.xml`, as CI servers read it."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace

from pciabi.report.writers import junit
from pciabi.result.result import Result
from tests.unit import report_data as data

# What Jenkins' schema (junit-10.xsd of its xUnit plugin) lets an element carry.
ATTRIBUTES = {
    "testsuites": {"name", "time", "tests", "failures", "errors", "disabled"},
    "testsuite": {"name", "timestamp", "tests", "failures", "errors", "skipped", "time"},
    "testcase": {"name", "classname", "time"},
    "failure": {"message", "type"},
    "error": {"message", "type"},
    "property": {"name", "value"},
    "properties": set(),
    "system-out": set(),
}


def parsed(result: Result) -> ET.Element:
    return ET.fromstring(junit.render(result))


def test_one_suite_for_each_scenario_with_true_sums() -> None:
    root = parsed(
        data.run(
            data.control(), data.idle_control(), data.sabotage(), data.pinned(), data.untested()
        )
    )
    assert {k: root.attrib[k] for k in ("tests", "failures", "errors")} == {
        "tests": "5",
        "failures": "2",
        "errors": "1",
    }
    suites = {suite.attrib["name"]: suite for suite in root}
    assert list(suites) == ["two-nics-unpinned", "two-nics-pinned"]
    pinned = suites["two-nics-pinned"]
    assert (pinned.attrib["tests"], pinned.attrib["failures"], pinned.attrib["errors"]) == (
        "3",
        "1",
        "1",
    )
    properties = {p.attrib["name"]: p.attrib["value"] for p in pinned.iter("property")}
    assert properties["qemu"].startswith("QEMU emulator version 7.2.22")
    assert properties["accelerator"].startswith("TCG")
    for element in root.iter():
        assert element.attrib.keys() <= ATTRIBUTES[element.tag]


def test_a_break_is_a_failure_and_an_obstacle_an_error() -> None:
    root = parsed(data.run(data.pinned(), data.sabotage(), data.untested()))
    held, broke, untested = root.iter("testcase")
    assert [child.tag for child in held] == ["system-out"]
    assert [child.tag for child in broke] == ["failure", "system-out"]
    assert broke[0].attrib["type"] == "address"
    assert (broke[0].text or "").startswith("scenarios/example.yaml:14: net1 moved from")
    assert "enp0s4 → enp0s3" in (broke[1].text or "")
    assert [child.tag for child in untested] == ["error", "system-out"]
    assert untested[0].attrib == {
        "type": "GuestError",
        "message": "scenarios/example.yaml:3: the guest was not ready after 90 s "
        "(a longer `timeout:` in the scenario if this machine is slow)",
    }


def test_what_xml_forbids_is_gone() -> None:
    result = data.untested()
    hostile = "\x00\x08\x1b[31m\ud800\ufffe]]><x/>&"
    assert result.error is not None
    result.error.message = hostile
    case = replace(result, subject=replace(result.subject, name=f"n{hostile}", group=hostile))
    root = parsed(data.run(case))
    assert root[0].attrib["name"] == "\ufffd\ufffd\ufffd\ufffd]]><x/>&"
    assert not list(root.iter("x"))
