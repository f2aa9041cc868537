"""Scenario files: what they unfold into, and that every mistake is named with its line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import example, given, settings
from hypothesis import strategies as st

from pciabi import resources
from pciabi.documents import read
from pciabi.errors import InputError
from pciabi.result.failure import Aspect
from pciabi.scenario import load
from pciabi.scenario.schema import ScenarioModel
from pciabi.scenario.selection import select
from pciabi.scenario_files import find

GOOD = """\
summary: two NICs
matrix:
  machine: [pc, q35]
  nic: [e1000, virtio-net-pci]
exclude:
  - {machine: q35, nic: e1000}
machine: ${machine}
devices:
  - {driver: "${nic}", id: net0, addr: 10}
  - {driver: "${nic}", id: net1, addr: 5.0, properties: {mac: 52:54:00:12:34:56}}
  - {driver: pci-bridge, id: br0, addr: 0x6, when: {machine: pc}}
steps:
  - boot
  - remove: net0
  - add: {driver: virtio-rng-pci, id: rng0, before: net1}
  - boot: after
  - expect:
      net1: {address: changed, identity: unchanged}
"""


def written(folder: Path, text: str) -> Path:
    path = folder / "two.pciabi.yaml"
    path.write_text(text)
    return path


def test_a_matrix_unfolds_into_named_cases(tmp_path: Path) -> None:
    cases = load.cases(written(tmp_path, GOOD))
    assert [case.title for case in cases] == [
        "two[pc-e1000]",
        "two[pc-virtio-net-pci]",
        "two[q35-virtio-net-pci]",
    ]
    first, last = cases[0].boots
    assert [d.id for d in first.config.devices] == ["net0", "net1", "br0"]
    assert [d.id for d in last.config.devices] == ["rng0", "net1", "br0"]
    assert [d.id for d in cases[2].boots[0].config.devices] == ["net0", "net1"]
    (comparison,) = cases[0].comparisons
    assert comparison.removed == frozenset({"net0"})
    assert comparison.added == frozenset({"rng0"})
    assert {t.aspect for t in comparison.tolerances} == {
        Aspect.PATH,
        Aspect.NAME,
        Aspect.FIRMWARE_TABLES,
    }


def test_values_keep_the_text_that_was_written(tmp_path: Path) -> None:
    net0, net1, _ = load.cases(written(tmp_path, GOOD))[0].boots[0].config.devices
    # `addr=10` is hexadecimal for QEMU; YAML 1.1 would make it ten, and 5.0 a float, and the
    # MAC address a number in base 60.
    assert (net0.addr, net1.addr) == ("10", "5.0")
    assert dict(net1.properties) == {"mac": "52:54:00:12:34:56"}
    assert net1.position is not None
    assert net1.position.line == 10


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("summary: two NICs\n", "", 1, "summary"),
        ("devices:", "devces:", 8, "unknown key 'devces', allowed: summary, matrix"),
        ("id: net0, addr: 10", "id: net0, adr: 10", 9, "unknown key 'adr', allowed: "),
        ("addr: 10", "addr: slot3", 9, "addr 'slot3' is not a slot"),
        ("id: net1,", "id: net0,", 10, "device id 'net0' is used twice"),
        ("id: net1,", "id: '1,x=y',", 10, "should match pattern"),
        ("- remove: net0", "- remove: net9", 14, "no device 'net9' at this point, there are: net0"),
        ("before: net1", "when: {nic: e1000}", 15, "unknown key 'when', allowed: driver, id"),
        ("before: net1", "before: net0", 15, "no device 'net0' at this point"),
        ("  - boot\n", "  - reboot\n", 13, "unknown step 'reboot', allowed: boot, remove, add"),
        ("- boot: after", "- {boot: after, remove: net1}", 16, "exactly one of"),
        ("address: changed", "presence: changed", 18, "presence changes has no identity"),
        ("address: changed", "address: moved", 18, "'unchanged' or 'changed', got 'moved'"),
        ("      net1: {address", "      net0: {address", 18, "no device 'net0'"),
        ("machine: ${machine}", "machine: ${host}", 7, "unknown axis '${host}'"),
        ("  - boot: after", "  - firmware: coreboot", 16, "unknown firmware 'coreboot', only: "),
        ("summary: two NICs", "summary: x\nfirmware: bios", 2, "unknown firmware 'bios'"),
        ("when: {machine: pc}", "when: {machine: isapc}", 11, "no value 'isapc', only: pc, q35"),
        ("{machine: q35, nic: e1000}", "{cpu: q35}", 6, "unknown axis 'cpu'"),
        ("  - boot: after\n", "", 16, "expect must follow"),
        ("summary:", "defaults: maybe\nsummary:", 1, "defaults: Input should be a valid boolean"),
        ("summary: two NICs", "summary: [", 3, "not valid YAML"),
        ("summary: two NICs", "summary: !!python/name:os.system x", 1, "tag"),
        ("machine: ${machine}", "machine: pc\nmachine: q35", 8, "'machine' appears twice"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    path = written(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load.cases(path)
    assert words in str(caught.value)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert "\n" not in str(caught.value)
    assert caught.value.exit_code == 2


def test_firmware_is_an_axis_and_a_step(tmp_path: Path) -> None:
    text = GOOD.replace("machine: ${machine}\n", "machine: ${machine}\nfirmware: ${fw}\n")
    text = text.replace("matrix:\n", "matrix:\n  fw: [seabios, ovmf]\n")
    text = text.replace("  - boot: after\n", "  - firmware: ovmf\n  - boot: after\n")
    cases = load.cases(written(tmp_path, text))
    found = {
        case.name.partition("-")[0]: tuple(boot.config.firmware for boot in case.boots)
        for case in cases
    }
    assert found == {"seabios": ("seabios", "ovmf"), "ovmf": ("ovmf", "ovmf")}
    (plain, *_) = load.cases(written(tmp_path, GOOD))
    assert plain.boots[0].config.firmware == "seabios"


PLUG = """\
summary: a device joins
machine: pc
devices:
  - {driver: e1000, id: net0}
steps:
  - boot
  - hotplug: {driver: e1000e, id: new0, addr: 0x5, before: net0}
  - boot
  - expect: {new0: {address: unchanged}}
"""


def test_a_hot_plugged_device_joins_a_boot_and_starts_with_the_next(tmp_path: Path) -> None:
    (case,) = load.cases(written(tmp_path, PLUG))
    first, last = case.boots
    assert [d.id for d in first.config.devices] == ["net0"]
    assert [(d.id, d.addr) for d in first.plugged] == [("new0", "0x5")]
    assert [d.id for d in last.config.devices] == ["new0", "net0"]
    assert not last.plugged
    (comparison,) = case.comparisons
    assert not comparison.removed | comparison.added


def test_a_device_hot_plugged_into_the_later_boot_was_added(tmp_path: Path) -> None:
    text = PLUG.replace("  - boot\n", "  - boot\n  - boot\n", 1).replace("new0: {a", "net0: {a")
    (case,) = load.cases(written(tmp_path, text))
    assert [c.added for c in case.comparisons] == [frozenset({"new0"}), frozenset()]


def test_the_machine_as_a_whole_can_be_spoken_of_beside_a_device_called_machine(
    tmp_path: Path,
) -> None:
    text = GOOD.replace("net1", "machine").replace(
        "{address: changed, identity: unchanged}",
        "{address: changed}\n      the VM: {firmware-tables: changed}",
    )
    (first, *_) = load.cases(written(tmp_path, text))
    assert {
        (one.device_id, one.aspect, one.changed, one.position.line)
        for one in first.comparisons[0].expectations
    } == {
        ("machine", Aspect.ADDRESS, True, 18),
        ("the VM", Aspect.FIRMWARE_TABLES, True, 19),
    }
    for other in ("name", "hardware"):
        path = written(tmp_path, text.replace("firmware-tables:", f"{other}:"))
        with pytest.raises(InputError, match=rf":19.*the VM has no {other}, only: firmware-tab"):
            load.cases(path)


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("  - boot\n", "", 6, "hotplug must follow a boot"),
        ("  - boot\n", "  - boot\n  - remove: net0\n", 8, "hotplug must follow a boot"),
        ("addr: 0x5", "addr: 5.1", 7, "addr '5.1' is not function 0"),
        ("id: new0", "id: net0", 7, "device id 'net0' is used twice"),
        ("before: net0", "before: net9", 7, "no device 'net9'"),
    ],
)
def test_a_hot_plug_that_cannot_be_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    path = written(tmp_path, PLUG.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load.cases(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)


REFUSE = """\
summary: refused
matrix: {machine: [pc]}
machine: ${machine}
devices:
  - {driver: e1000, id: net1, addr: 0x2}
steps:
  - add: {driver: e1000, id: new0, before: net1}
  - refused: {device: net1, saying: "not available on ${machine}"}
"""


def test_a_scenario_may_be_a_refusal_alone(tmp_path: Path) -> None:
    (case,) = load.cases(written(tmp_path, REFUSE))
    (refusal,) = case.refusals
    assert not case.boots
    assert [d.id for d in refusal.config.devices] == ["new0", "net1"]
    assert (refusal.device_id, refusal.saying) == ("net1", "not available on pc")
    assert refusal.position.line == 8


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("device: net1", "device: net9", 8, "no device 'net9' at this point, there are: new0"),
        ('saying: "not available on ${machine}"', 'saying: ""', 8, "saying"),
        ("device: net1, ", "", 8, "device"),
        ('}"}\n', '}"}\n  - expect: {net1: {address: unchanged}}\n', 9, "expect must follow"),
        ("  - refused", "  - boot\n  #", 6, "a scenario needs two boots or more, or a refusal"),
    ],
)
def test_a_refusal_that_cannot_be_meant_is_named_with_its_line(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in REFUSE
    path = written(tmp_path, REFUSE.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        load.cases(path)
    assert str(caught.value).startswith(f"{path}:{line}: ")
    assert words in str(caught.value)


def test_two_cases_never_share_a_name(tmp_path: Path) -> None:
    text = GOOD.replace("[pc, q35]", "[pc, pc-e1000, q35]").replace("[e1000, ", "[e1000, e1000-a, ")
    text = text.replace("[pc, ", "[pc, pc, ", 1)
    with pytest.raises(InputError, match="two cases would both be called 'pc-e1000'"):
        load.cases(written(tmp_path, text))


def test_an_alias_bomb_is_refused(tmp_path: Path) -> None:
    bomb = "a0: &a0 [x, x]\n" + "".join(
        f"a{i}: &a{i} [*a{i - 1}, *a{i - 1}, *a{i - 1}]\n" for i in range(1, 40)
    )
    with pytest.raises(InputError, match="too large"):
        load.cases(written(tmp_path, bomb))


@pytest.mark.parametrize("raw", [b"", b"\x00", b"\xff\xfe", b"[" * 5000, b"a: b\n---\nc: d\n"])
def test_what_is_no_scenario_is_one_clear_error(tmp_path: Path, raw: bytes) -> None:
    path = tmp_path / "odd.yaml"
    path.write_bytes(raw)
    with pytest.raises(InputError):
        load.cases(path)


@settings(max_examples=150)
@example("\n")
@given(
    st.recursive(
        st.none() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(
                st.sampled_from(sorted(ScenarioModel.model_fields)), inner, max_size=4
            )
        ),
        max_leaves=20,
    )
)
def test_any_document_is_read_or_refused(
    tmp_path_factory: pytest.TempPathFactory, document: object
) -> None:
    path = tmp_path_factory.mktemp("any") / "any.yaml"
    path.write_text(yaml.safe_dump(document, allow_unicode=True), encoding="utf-8")
    complaint = ""
    try:
        read(path, ScenarioModel)
    except InputError as error:
        complaint = str(error)
    assert "\n" not in complaint


def test_every_shipped_scenario_unfolds_and_compares_something() -> None:
    shipped = resources.scenarios()
    assert {path.stem for path in shipped} >= {
        "two-nics-unpinned",
        "two-nics-pinned",
        "add-a-device",
        "remove-a-disk",
        "remove-behind-bridge",
        "hotplug-then-cold-boot",
        "hotplug-unpinned",
        "add-root-port",
        "multifunction",
        "pin-only-one",
        "machine-default-devices",
    }
    for path in shipped:
        cases = load.cases(path)
        # Root ports are q35's.
        machines = {"q35"} if path.stem == "add-root-port" else {"pc", "q35"}
        assert {dict(case.axes)["machine"] for case in cases} == machines
        assert len({case.title for case in cases}) == len(cases)
        assert all(case.comparisons for case in cases)


def test_what_the_loader_takes_an_editor_takes_by_the_published_schema() -> None:
    schema = ScenarioModel.model_json_schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    validator = jsonschema.Draft202012Validator(schema)
    texts = [GOOD, PLUG, REFUSE, *(path.read_text() for path in resources.scenarios())]
    for text in texts:
        assert not list(validator.iter_errors(yaml.safe_load(text)))
    mistakes: list[object] = ["reboot", {"hotplug": {"id": "x"}}, {"refused": {}}, {"boots": ""}]
    for wrong in mistakes:
        document = {**yaml.safe_load(GOOD), "steps": [wrong]}
        assert list(validator.iter_errors(document)), wrong


def test_names_paths_folders_and_patterns_find_scenarios(tmp_path: Path) -> None:
    own = written(tmp_path, GOOD)
    assert find([str(own)]) == (own,)
    assert find([str(tmp_path)]) == (own,)
    assert find([f"{tmp_path}/*.yaml"]) == (own,)
    assert [path.stem for path in find(["two-nics-*"])] == [
        "two-nics-pinned",
        "two-nics-unpinned",
    ]
    for wrong in ("no-such", "no/such.yaml", "no-such-*"):
        with pytest.raises(InputError):
            find([wrong])


def test_selecting_by_axis_never_selects_nothing(tmp_path: Path) -> None:
    cases = load.cases(written(tmp_path, GOOD))
    chosen = select(cases, {"machine": frozenset({"q35"})})
    assert [case.name for case in chosen] == ["q35-virtio-net-pci"]
    for wrong in ({"nic": frozenset({"e1001"})}, {"cpu": frozenset({"max"})}):
        with pytest.raises(InputError):
            select(cases, wrong)
    with pytest.raises(InputError, match="no case is left"):
        select(cases, {"machine": frozenset({"q35"}), "nic": frozenset({"e1000"})})
