"""What a waiver accepts and what not, on recordings of released QEMUs; which waivers expired, and
which nothing needed."""

from __future__ import annotations

import json
import string
from collections.abc import Iterable
from dataclasses import replace
from datetime import date
from pathlib import Path

import jsonschema
import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from pciabi.abi.change import Harm
from pciabi.abi.judgement import Severity
from pciabi.documents import read_with_positions
from pciabi.errors import CannotTest, InputError, SourcePosition
from pciabi.gate import policy_file
from pciabi.result.entry import Entry, Plan, Subject
from pciabi.result.judged import judge
from pciabi.result.policy import FailOn, Policy
from pciabi.result.side import Side
from pciabi.result.verdict import Verdict
from pciabi.result.waiver import Waiver
from pciabi.result.waivers import Waivers
from pciabi.result.will_not_start import Gone, Missing, WillNotStart
from pciabi.snapshots import read
from tests.unit.strategies import GOLDEN

HERE = SourcePosition("policy.yaml", 4)
TODAY = date(2027, 1, 15)
REFUSED_BY = "QEMU emulator version 11.1.3 (Debian 1:11.1.3+ds-1~bpo13+1)"


def side(name: str) -> Side:
    path = GOLDEN.parent / "snapshot" / f"{name}.json"
    return Side(name, read.read(path), SourcePosition(str(path), 1), {})


ATI = side("qemu-10.0_pc-i440fx-9.2_ati-vga"), side("qemu-11.1_pc-i440fx-9.2_ati-vga")
NVME = side("qemu-5.2_pc-i440fx-5.2_nvme"), side("qemu-7.2_pc-i440fx-5.2_nvme")


def waiver(**said: object) -> Waiver:
    return replace(Waiver("nobody maps it", HERE), **said)  # type: ignore[arg-type]


def judged(sides: tuple[Side, Side], *waivers: Waiver, policy: Policy | None = None) -> Entry:
    terms = replace(policy or Policy(), excuses=(Waivers(waivers, TODAY),))
    comparison = judge(*sides, terms)
    return Entry(
        Subject("vm.sh", "", Path("vm.sh")), (comparison,), None, 0.1, plan=Plan((), (terms,))
    )


def excuses(entry: Entry) -> list[tuple[str, str]]:
    (comparison,) = entry.comparisons
    return [(one.change.field, one.excuse) for one in comparison.judged_changes if one.excuse]


@pytest.mark.parametrize(
    "said",
    [
        {"device": "ati-vga"},
        {"device": "vga0"},
        {"device": "ati-*", "fact": "b?r"},
        {"field": "BAR 0", "machine": "pc-i440fx-9.2"},
        {"fact": "bar", "machine": "pc-i440fx-*", "before": "10.0", "after": "11"},
        {"fact": "bar", "before": "*+deb13u*", "after": "11.1.3", "until": TODAY},
    ],
)
def test_a_waived_change_stays_and_says_why_it_does_not_fail(said: dict[str, object]) -> None:
    entry = judged(ATI, waiver(**said))
    until = " (until 2027-01-15)" if "until" in said else ""
    assert excuses(entry) == [("BAR 0", f"policy.yaml:4: nobody maps it{until}")]
    assert entry.verdict is Verdict.COMPATIBLE
    assert entry.failures == ()
    (comparison,) = entry.comparisons
    assert [c.field for c in comparison.of(Severity.BREAKING)] == ["BAR 0"]
    assert not any(one.fails for one in comparison.judged_changes)


@pytest.mark.parametrize(
    "said",
    [
        {"device": "ati"},
        {"device": "VGA0"},
        {"device": "ati-vga", "machine": "pc-q35-9.2"},
        {"device": "ati-vga", "before": "10.1"},
        {"device": "ati-vga", "before": "1"},
        {"device": "ati-vga", "after": "10.0"},
        {"device": "ati-vga", "fact": "rom"},
        {"device": "ati-vga", "field": "BAR 1"},
        {"device": "ati-vga", "bits": 0xFFFFFFFF},
        {"device": "ati-vga", "until": date(2027, 1, 14)},
        {"fact": "will-not-start"},
    ],
)
def test_a_waiver_of_something_else_accepts_nothing(said: dict[str, object]) -> None:
    entry = judged(ATI, waiver(**said))
    assert excuses(entry) == []
    assert entry.verdict is Verdict.BREAK


def test_bits_are_those_of_the_register_that_may_differ() -> None:
    function_level_reset, level = "PCI Express: DevCap: Function Level Reset", 0x1000_0000
    for bits, accepted in ((level, True), (level | 1, True), (level >> 1, False)):
        entry = judged(NVME, waiver(field=function_level_reset, bits=bits))
        assert bool(excuses(entry)) is accepted, hex(bits)
    (comparison,) = judged(NVME).comparisons
    wide = replace(comparison.changes[0], mask=0xFFFF_FFFF, before="0x00000000")
    for after, accepted in (("0x02400000", True), ("0x02400001", False), ("none", False)):
        assert waiver(bits=0x0240_0000).covers(replace(wide, after=after)) is accepted
    # What is shown of a field that does not begin at bit 0 is not where the register has it.
    inner = replace(wide, mask=0xF0, before="0x1", after="0x2")
    assert not waiver(bits=0x0F).covers(inner)
    assert waiver(bits=0xF0).covers(inner)
    # The other break is of no register: no bits of it can be named.
    every = judged(NVME, waiver(device="nvme", bits=(1 << 64) - 1))
    assert [field for field, _ in excuses(every)] == [function_level_reset]
    assert every.verdict is Verdict.BREAK


PATTERN = st.text(string.ascii_letters + string.digits + "*?[]!-. ", max_size=12) | st.none()


@given(st.fixed_dictionaries(dict.fromkeys(("machine", "device", "fact", "field"), PATTERN)))
def test_what_no_waiver_accepts_is_judged_as_if_there_were_none(
    said: dict[str, str | None],
) -> None:
    alone, with_one = judged(NVME), judged(NVME, waiver(**said))
    accepted = {field for field, _ in excuses(with_one)}
    assert accepted <= {failure.change.field for failure in alone.failures if failure.change}
    left = [f for f in alone.failures if f.change is None or f.change.field not in accepted]
    assert list(with_one.failures) == left
    assert with_one.verdict is (Verdict.BREAK if left else Verdict.COMPATIBLE)


def test_a_policy_says_what_fails_beside_breaks() -> None:
    for policy, failing in (
        (Policy(), {"Power Management capability", "PCI Express: DevCap: Function Level Reset"}),
        (Policy(frozenset({FailOn.NOTABLE})), {"_DSM", "property discard_granularity"}),
    ):
        fields = {f.change.field for f in judged(NVME, policy=policy).failures if f.change}
        assert failing <= fields


def test_whoever_is_not_hurt_makes_nothing_fail() -> None:
    """Windows keeps the nodes whose slots lose a method: that is no harm, though it is told."""
    windows = judged(NVME, policy=Policy(harms=frozenset({Harm.WINDOWS_IDENTITY})))
    assert windows.failures == judged(NVME).failures


def test_a_benign_change_fails_where_it_hurts_as_the_policy_says() -> None:
    """With a TPM the changed ACPI tables are measured: keys may be lost though nothing breaks."""
    with_tpm = tuple(
        replace(
            one,
            snapshot=replace(
                one.snapshot,
                provenance=replace(one.snapshot.provenance, command_line=("tpm-tis,tpmdev=t",)),
            ),
        )
        for one in ATI
    )
    sides = with_tpm[0], with_tpm[1]
    tpm = Policy(harms=frozenset({Harm.MEASURED_BOOT}))
    assert [f.change.kind for f in judged(sides, policy=tpm).failures if f.change] == [
        "acpi-table",
        "bar",
    ]
    excused = judged(sides, waiver(device="the VM"), waiver(fact="bar"), policy=tpm)
    assert [field for field, _ in excuses(excused)] == ["AML", "BAR 0"]
    assert excused.verdict is Verdict.COMPATIBLE


def test_nothing_excuses_what_one_side_does_not_show() -> None:
    (old, new) = ATI
    functions = [replace(one, path_is_read=True) for one in new.snapshot.functions]
    hidden = functions[-1].function
    functions[-1] = replace(
        functions[-1], function=replace(hidden, known=bytes(len(hidden.config)))
    )
    half = replace(new, snapshot=replace(new.snapshot, functions=tuple(functions)))
    entry = judged((old, half), waiver(device="*", until=TODAY))
    assert entry.verdict is Verdict.ERROR


def found(entries: Iterable[Entry], *waivers: Waiver) -> tuple[list[str], list[str]]:
    """The lines of the waivers that fail, and of those of which nothing is said."""
    every, ended = Waivers(waivers, TODAY), tuple(entries)
    failing = [f"{one.position.line}: {one.message}" for one in every.failures(ended)]
    return failing, [str(one.position.line) for one in every.remarks(ended)]


def at(line: int, **said: object) -> Waiver:
    return waiver(position=SourcePosition("policy.yaml", line), **said)


def test_what_nothing_needed_fails_within_what_was_looked_at() -> None:
    needed = at(1, device="ati-vga", fact="bar")
    of_what_holds = at(2, device="ati-vga", fact="rom")
    other_machine = at(3, machine="pc-q35-9.2", device="ati-vga")
    other_release = at(4, device="ati-vga", before="10.1")
    other_device = at(5, device="e1000")
    not_forbidden = at(6, device="ati-vga", fact="device-property")
    no_refusal = at(7, fact="will-not-start", machine="pc-i440fx-9.2")
    waivers = (needed, of_what_holds, other_machine, other_release, other_device)
    entry = judged(ATI, *waivers, not_forbidden, no_refusal)
    assert found([entry], *waivers, not_forbidden, no_refusal) == (
        [f"{n}: nothing needed this waiver: take it out (nobody maps it)" for n in (2, 6, 7)],
        ["3", "4", "5"],
    )
    # Where nothing could be compared, nothing is said of any.
    half = replace(entry, error=CannotTest("no room"))
    assert found([half], needed, of_what_holds) == ([], ["2"])
    failed = replace(entry, comparisons=(), error=CannotTest("no room"))
    assert found([failed], needed, of_what_holds) == ([], ["1", "2"])
    assert found([], needed) == ([], ["1"])


def test_a_waiver_of_facts_that_were_not_read_is_not_held_to_be_needless() -> None:
    sides = tuple(
        replace(
            one,
            snapshot=replace(
                one.snapshot,
                functions=tuple(f.having(type(f.facts)()) for f in one.snapshot.functions),
            ),
        )
        for one in NVME
    )
    entry = judged((sides[0], sides[1]))
    waivers = at(1, device="nvme", fact="device-property"), at(2, device="nvme", fact="virtio")
    assert found([entry], *waivers) == ([], ["1", "2"])
    assert found([judged(NVME)], waivers[0]) == ([f"1: {NEEDLESS}"], [])
    one_sided = judged((NVME[0], sides[1]))
    assert found([one_sided], *waivers) == ([], ["1", "2"])


NEEDLESS = "nothing needed this waiver: take it out (nobody maps it)"


def test_an_expired_waiver_fails_whatever_was_looked_at() -> None:
    expired = at(1, device="e1000", until=date(2027, 1, 14))
    message = "1: this waiver expired: it held until 2027-01-14 (nobody maps it)"
    assert found([judged(ATI)], expired, at(2, device="ati-vga", until=TODAY)) == ([message], [])


MACHINE = Gone(Missing.MACHINE_TYPE, "pc-i440fx-5.2", HERE)
DEVICE = Gone(Missing.DEVICE, "nvme", HERE)
PROPERTY = Gone(Missing.PROPERTY, "nvme.legacy-cmb", HERE)


@pytest.mark.parametrize(
    ("gone", "waivers", "excused"),
    [
        ((), ({},), True),
        ((), ({"device": "nvme"},), False),
        ((MACHINE,), ({},), True),
        ((MACHINE,), ({"field": "pc-i440fx-5.?"},), True),
        ((MACHINE,), ({"device": "*"},), False),
        ((MACHINE, DEVICE), ({"field": "pc-i440fx-5.2"},), False),
        ((MACHINE, DEVICE), ({"field": "pc-i440fx-5.2"}, {"device": "nvme"}), True),
        ((PROPERTY,), ({"device": "nvme", "field": "nvme.legacy-*"},), True),
        ((PROPERTY,), ({"after": "10.0"},), False),
        ((PROPERTY,), ({"after": "11.1"},), True),
        ((PROPERTY,), ({"fact": "*"},), False),
    ],
)
def test_a_vm_that_will_not_start_is_excused_by_that_word_alone(
    gone: tuple[Gone, ...], waivers: tuple[dict[str, object], ...], excused: bool
) -> None:
    refusal = WillNotStart(NVME[0], REFUSED_BY, "unsupported machine type", HERE, gone)
    every = Waivers(tuple(waiver(**{"fact": "will-not-start", **one}) for one in waivers), TODAY)
    words = every.of_refusal(refusal)
    assert bool(words) is excused
    entry = Entry(Subject("vm.sh", "", Path("vm.sh")), (), None, 0.1, will_not_start=refusal)
    assert entry.verdict is Verdict.WILL_NOT_START
    accepted = replace(entry, will_not_start=replace(refusal, excuse=words))
    assert accepted.verdict is (Verdict.COMPATIBLE if excused else Verdict.WILL_NOT_START)
    assert bool(accepted.failures) is not excused


def test_a_waiver_of_what_is_not_gone_was_not_needed_by_a_refusal() -> None:
    refusal = WillNotStart(NVME[0], REFUSED_BY, "unsupported machine type", HERE, (MACHINE,))
    entry = Entry(Subject("vm.sh", "", Path("vm.sh")), (), None, 0.1, will_not_start=refusal)
    needed, other = (at(n, fact="will-not-start", field=f"pc-*-{v}") for n, v in ((1, 5.2), (2, 4)))
    of_another_machine = at(3, fact="will-not-start", machine="pc-q35-*")
    of_a_change = at(4, device="nvme", fact="bar")
    assert found([entry], needed, other, of_another_machine, of_a_change) == (
        [f"2: {NEEDLESS}"],
        ["3", "4"],
    )


POLICY = """\
fail-on: [notable]
fail-on-consequences: [windows-identity]
waivers:
  - why: the aperture grew, and
         nobody maps it
    machine: pc-i440fx-*
    device: ati-vga
    fact: bar
    field: BAR 0
    bits: 0x4
    from: 10.0
    to: 11.1
    until: 2027-03-31
"""


def read_policy(text: str, folder: Path) -> policy_file.PolicyFile:
    path = folder / "policy.yaml"
    path.write_text(text)
    return policy_file.read(path)


def test_a_policy_file_says_all_of_it(tmp_path: Path) -> None:
    policy = read_policy(POLICY, tmp_path)
    assert policy.fail_on == {FailOn.NOTABLE}
    assert policy.harms == {Harm.WINDOWS_IDENTITY}
    place = SourcePosition(str(tmp_path / "policy.yaml"), 4, 5)
    said = {"machine": "pc-i440fx-*", "device": "ati-vga", "fact": "bar", "field": "BAR 0"}
    ends = {"bits": 4, "before": "10.0", "after": "11.1", "until": date(2027, 3, 31)}
    why = "the aperture grew, and nobody maps it"
    assert policy.waivers == (waiver(why=why, position=place, **said, **ends),)
    # Of itself it must end in one way or the other, and speak of something.
    shorter = POLICY.replace("    until: 2027-03-31\n", "")
    assert read_policy(shorter, tmp_path).waivers[0].until is None


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("[notable]", "[noteable]", 1, "'breaking', 'notable' or 'unknown'"),
        ("[notable]", "notable", 1, "valid list"),
        ("windows-identity", "windows", 2, "'linux-name'"),
        ("waivers:", "waiver:", 3, "unknown key 'waiver'"),
        ("    from: 10.0\n", "", 4, "it never ends"),
        ("why:", "because:", 4, "unknown key 'because'"),
        ("machine: pc-i440fx-*", "machine:", 6, "nothing is said here"),
        ("machine: pc-i440fx-*", "machine: ''", 6, "at least 1 character"),
        ("device: ati-vga", "device: [ati-vga]", 7, "valid string"),
        ("fact: bar", "fact: bra", 8, "no fact is called so, only: moved"),
        ("bits: 0x4", "bits: all", 10, "a mask such as"),
        ("bits: 0x4", "bits: 0", 10, "a mask such as"),
        ("2027-03-31", "2027-02-31", 13, "day"),
        ("2027-03-31", "1806451200", 13, "a day is written like"),
        ("2027-03-31", "", 13, "a day is written like"),
    ],
)
def test_every_error_of_a_policy_stands_at_its_line(
    old: str, new: str, line: int, words: str, tmp_path: Path
) -> None:
    assert POLICY.count(old) == 1
    # What `until` alone would allow must not hide that `from` is missing.
    text = POLICY.replace(old, new)
    if "never" in words:
        text = text.replace("    until: 2027-03-31\n", "")
    with pytest.raises(InputError) as caught:
        read_policy(text, tmp_path)
    assert caught.value.place is not None
    assert caught.value.place.line == line
    assert words in str(caught.value)


def test_a_waiver_of_everything_is_refused(tmp_path: Path) -> None:
    for scope in (
        "",
        "    device: '*'\n",
        "    fact: '*'\n    field: '**'\n",
        "    field: '?*'\n",
        "    fact: '[!~]*'\n",
    ):
        text = f"waivers:\n  - why: because\n    until: 2027-03-31\n{scope}"
        with pytest.raises(InputError, match="it waives everything"):
            read_policy(text, tmp_path)


_TOP = ("waivers", "fail-on", "fail-on-consequences", "x")
_OF_A_WAIVER = ("why", "machine", "device", "fact", "field", "bits", "from", "to", "until")
KEYS = st.sampled_from((*_TOP, *_OF_A_WAIVER))
SCALAR = st.none() | st.booleans() | st.integers() | st.dates() | st.text(max_size=9)
WORD = SCALAR | st.sampled_from(["bar", "will-not-start", "notable", "linux-name", "0x4", "10.0"])
PART = st.recursive(
    WORD, lambda part: st.lists(part, max_size=3) | st.dictionaries(KEYS, part, max_size=6)
)


@given(st.dictionaries(KEYS, PART) | PART)
def test_whatever_stands_in_a_policy_is_read_or_refused_at_a_line(content: object) -> None:
    raw = yaml.safe_dump(content).encode()
    found = _read(raw)
    if isinstance(found, InputError):
        assert found.place is not None
        assert 1 <= found.place.line <= raw.count(b"\n") + 1
        assert "\n" not in str(found)
    else:
        assert all(one.why and (one.until or (one.before and one.after)) for one in found.waivers)


def _read(raw: bytes) -> policy_file.PolicyModel | InputError:
    try:
        return read_with_positions(Path("policy.yaml"), policy_file.PolicyModel, raw)[0]
    except InputError as error:
        return error


def test_the_schema_of_a_policy_is_one_that_an_editor_can_use() -> None:
    schema = policy_file.schema()
    jsonschema.Draft202012Validator.check_schema(schema)
    good = json.loads(json.dumps(yaml.safe_load(POLICY), default=str))
    jsonschema.validate(good, schema)
    wrongs: list[dict[str, object]] = [
        {"waivers": [{}]},
        {"fail-on": ["all"]},
        {"waivers": [{"why": "x", "day": 1}]},
    ]
    for wrong in wrongs:
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(wrong, schema)
