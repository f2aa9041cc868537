"""`pciabi lint` as it is called: what it reads, what it leaves out, how it ends."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from pciabi.cli.lint import lint
from pciabi.errors import PciabiError
from pciabi.lint import files
from pciabi.lint.rule import matching
from pciabi.vm import yaml_tree

NIC = matching("unpinned-nic")[0].rule
BAD, GOOD = NIC.bad.text, NIC.good.text
SARIF = json.loads((Path(__file__).parents[1] / "schemas/sarif-2.1.0.json").read_text())


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, stdin: str = "") -> Result:
    return CliRunner().invoke(lint, arguments, input=stdin, standalone_mode=False)


def code(result: Result) -> int:
    if isinstance(result.exception, PciabiError):
        return result.exception.exit_code
    assert result.exception is None, result.exception
    assert isinstance(result.return_value, int)
    return result.return_value


def names(result: Result) -> list[str]:
    return [finding["name"] for finding in document(result)["findings"]]


def document(result: Result) -> dict[str, Any]:
    loaded = json.loads(result.output)
    assert isinstance(loaded, dict)
    return loaded


def test_a_finding_names_file_line_and_column(here: Path) -> None:
    (here / "vm.xml").write_text(BAD)
    result = run("vm.xml")
    line = next(n for n, text in enumerate(BAD.splitlines(), 1) if "<interface" in text)
    assert result.output.startswith(f"vm.xml:{line}:5: error PCI101 unpinned-nic: ")
    assert code(result) == 1
    assert code(run("vm.xml", "--ignore", "PCI1")) == 0
    assert code(run("vm.xml", "--profile", "define-once")) == 0
    assert code(run("vm.xml", "--profile", "define-once", "--fail-on", "advice")) == 1


def test_columns_of_the_first_line_count_from_its_beginning() -> None:
    text = "<domain><devices><memballoon/></devices></domain>"
    (finding,) = [
        f
        for f in document(run("-", "--format", "json", stdin=text))["findings"]
        if f["device"].startswith("memballoon")
    ]
    assert (finding["line"], finding["column"]) == (1, text.index("<memballoon") + 1)


def test_standard_input_and_several_domains_in_one_text() -> None:
    both = f"<?xml version='1.0'?>\n{BAD}\n<?xml version='1.0'?>\n{GOOD}"
    result = run("-", "--format", "json", stdin=both)
    found = document(result)
    assert (found["vms"], names(result)) == (2, ["unpinned-nic"])
    assert found["findings"][0]["file"] == "<stdin>"
    assert found["verdict"] == "findings"


@pytest.mark.parametrize("wrapper", ["domstatus", "domainsnapshot", "domainbackup"])
def test_a_domain_inside_a_wrapper(here: Path, wrapper: str) -> None:
    (here / "vm.xml").write_text(f"<{wrapper}><state/>{BAD}</{wrapper}>")
    assert names(run("vm.xml", "--format", "json")) == ["unpinned-nic"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (
            '<!DOCTYPE d [<!ENTITY a "ha"><!ENTITY b "&a;&a;">]>\n<domain>&b;</domain>',
            "vm.xml:1: a document type is not allowed",
        ),
        ('<!DOCTYPE d SYSTEM "file:///etc/passwd">\n<domain/>', "document type is not allowed"),
        ("<domain>\n  <devices>\n</domain>", "vm.xml:3: not well-formed XML: mismatched tag"),
        ("<domain>" + "<a>" * 500 + "</a>" * 500 + "</domain>", "nested too deeply"),
        ("<domain><devices>\0</devices></domain>", "not well-formed XML"),
        ("<domain", "not well-formed XML"),
        (
            BAD.replace("</interface>", "<address type='pci' slot='x'/></interface>"),
            "'x' is not a number",
        ),
    ],
)
def test_hostile_and_broken_xml_is_one_clear_error(here: Path, text: str, words: str) -> None:
    (here / "vm.xml").write_text(text)
    (here / "other.xml").write_text(BAD)
    result = run("vm.xml", "other.xml", "--format", "json")
    (error,) = document(result)["errors"]
    place = f"{error['file']}:{error['line']}: {error['message']}"
    assert words in place
    # The other file is linted all the same.
    assert names(result) == ["unpinned-nic"]
    assert code(result) == 2


@pytest.mark.parametrize(
    ("raw", "words"),
    [
        (b"<domain>\n\xff\xfe</domain>", "2: not UTF-8 text"),
        (b"<domain/>" + b" " * files.MAX_BYTES, "larger than"),
        (
            b"apiVersion: kubevirt.io/v1\n#" + b"-" * yaml_tree.MAX_CHARACTERS,
            "characters of YAML",
        ),
        (b"hello\n", "is no VM's configuration"),
        (b"", "is no VM's configuration"),
    ],
)
def test_a_file_that_is_no_configuration(here: Path, raw: bytes, words: str) -> None:
    (here / "vm.xml").write_bytes(raw)
    result = run("vm.xml", "--format", "json")
    (error,) = document(result)["errors"]
    assert words in f"{error['line']}: {error['message']}"
    assert code(result) == 2


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("kubevirt.yaml", "apiVersion: kubevirt.io/v1\nkind: KubeVirt\nspec: {}\n"),
        ("capabilities.xml", "<domainsnapshot><name>a</name></domainsnapshot>\n"),
        ("help.sh", "qemu-system-x86_64 -device help\n"),
        ("convert.sh", "# the disk that qemu-system-x86_64 gets with -drive and -device\ntrue\n"),
    ],
)
def test_a_file_without_a_vm_is_an_error_where_it_is_named(
    here: Path, name: str, text: str
) -> None:
    (here / name).write_text(text)
    result = run(name, "--format", "json")
    assert f"{name} holds no VM that can be read" in document(result)["errors"][0]["message"]
    assert (document(result)["verdict"], code(result)) == ("error", 2)
    assert "0 files; 1 path without a VM" in run(name).output
    # Beside a VM in a folder it is left out, and that is told.
    (here / "vm.xml").write_text(GOOD)
    result = run(".", "--format", "json")
    assert (document(result)["without_vm"], document(result)["files"]) == ([name], 1)
    assert code(result) == 0
    assert f"1 VM, 1 file; left out, as no VM can be read in it: {name}" in run(".").output
    assert name not in run(".", "--format", "junit").output


def test_a_folder_in_which_nothing_was_looked_at_is_no_pass(here: Path) -> None:
    for name in ("empty", "vms", "notes", "ignored"):
        (here / name).mkdir()
    (here / "vms/a.xml").write_text(GOOD)
    (here / "notes/a.xml").write_text("<notes/>")
    (here / "ignored/a.xml").write_text(GOOD)
    (here / ".gitignore").write_text("a.xml\n")
    (here / "ignored/.gitignore").write_text("*.xml\n")
    for folder in ("empty", "notes", "ignored"):
        result = run(folder)
        assert code(result) == 2
        words = f"there is no VM's configuration in the folder {folder}, so nothing was linted"
        assert result.output.startswith(words)
        assert result.output.endswith("0 findings in 0 VMs, 0 files; 1 path without a VM\n")
        assert code(run("vms", folder)) == 2, "each folder that is named must hold one"
        assert code(run(folder, "--write-baseline", "known.json")) == 2
    assert code(run("vms", "vms/", ".", "vms/a.xml")) == 0, "it was found by another path"
    for format_ in ("json", "sarif", "junit", "github", "gitlab"):
        assert "nothing was linted" in run("empty", "--format", format_).output


def test_a_folder_whose_only_file_cannot_be_read_is_told_once(here: Path) -> None:
    (here / "vms").mkdir()
    (here / "vms/a.xml").write_text("<domain>")
    result = run("vms", "--format", "json")
    assert [error["file"] for error in document(result)["errors"]] == ["vms/a.xml"]
    assert code(result) == 2


def test_utf_16_is_read(here: Path) -> None:
    (here / "vm.xml").write_bytes(BAD.encode("utf-16"))
    assert names(run("vm.xml", "--format", "json")) == ["unpinned-nic"]


def test_a_folder_is_searched_as_git_would(here: Path) -> None:
    for name in ("a.xml", "sub/b.xml", "sub/kept.xml", "out/c.xml", ".git/d.xml", "own/e.xml"):
        (here / name).parent.mkdir(exist_ok=True)
        (here / name).write_text(BAD)
    (here / "notes.xml").write_text("<notes/>")
    (here / ".gitignore").write_text("out/\n*.tmp\nsub/*\n")
    (here / "sub/.gitignore").write_text("!kept.xml\n")
    result = run(".", "--exclude", "own/", "--format", "json")
    assert [f["file"] for f in document(result)["findings"]] == ["a.xml", "sub/kept.xml"]
    assert document(result)["files"] == 2, "what is no VM is not counted"
    # What is named is linted, whatever git ignores.
    assert names(run("out/c.xml", "--format", "json")) == ["unpinned-nic"]


def test_a_pipe_in_a_folder_is_not_waited_for(here: Path) -> None:
    os.mkfifo(here / "pipe.xml")
    (here / "vm.xml").write_text(BAD)
    done = subprocess.run(
        [Path(sys.executable).with_name("pciabi"), "lint", "."],
        env=dict(os.environ),
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )
    assert "1 finding in 1 VM, 1 file" in done.stdout


@pytest.mark.parametrize("option", ["-o", "--write-baseline"])
def test_a_file_that_cannot_be_written_is_one_clear_error(here: Path, option: str) -> None:
    (here / "vm.xml").write_text(BAD)
    result = run("vm.xml", option, "nowhere/file")
    assert code(result) == 3
    assert str(result.exception) == "nowhere/file cannot be written: No such file or directory"


def test_a_baseline_of_files_that_cannot_all_be_read_says_which(here: Path) -> None:
    (here / "vm.xml").write_text("<domain>")
    result = run("vm.xml", "--write-baseline", "known.json")
    assert code(result) == 2
    assert "vm.xml:1: not well-formed XML" in result.output


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGKILL])
def test_what_ends_a_worker_ends_the_command(here: Path, number: signal.Signals) -> None:
    # Each of these takes seconds to read, and there are enough for several processes.
    text = f"<domain>{'<a/>' * 900_000}</domain>"
    for number_of_file in range(70):
        (here / f"{number_of_file}.xml").write_text(text)
    process = subprocess.Popen(
        [Path(sys.executable).with_name("pciabi"), "lint", "."],
        cwd=here,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
        process_group=0,
    )
    children = Path(f"/proc/{process.pid}/task/{process.pid}/children")
    while not children.read_text():
        pass
    if number is signal.SIGINT:
        os.killpg(process.pid, number)
    else:
        os.kill(int(children.read_text().split()[0]), number)
    _, errors = process.communicate(timeout=60)
    words = {signal.SIGINT: "stopped by signal 2", signal.SIGKILL: "was ended (is there memory"}
    assert words[number] in errors
    assert process.returncode == {signal.SIGINT: 130, signal.SIGKILL: 3}[number]


def test_many_files_give_the_same_as_few(here: Path) -> None:
    for number in range(100):
        (here / f"{number:03}.xml").write_text(BAD if number % 3 else GOOD)
    found = document(run(".", "--format", "json"))
    assert [f["file"] for f in found["findings"]] == [f"{n:03}.xml" for n in range(100) if n % 3]


def suppressed(comment: str, at: str) -> str:
    indented = BAD.index("    <interface")
    inside = BAD.index("      <source")
    place = {"before": indented, "inside": inside, "top": 0}[at]
    return f"{BAD[:place]}<!-- {comment} -->\n{BAD[place:]}"


@pytest.mark.parametrize(
    ("comment", "at", "expected"),
    [
        ("pciabi: ignore unpinned-nic it is a scratch VM", "before", []),
        ("pciabi: ignore PCI101 it is a scratch VM", "inside", []),
        ("pciabi: ignore implicit-usb, unpinned-nic because", "before", []),
        ("pciabi: ignore-file unpinned-nic because", "top", []),
        ("pciabi: ignore unpinned-nic because", "top", ["unused-suppression", "unpinned-nic"]),
        ("pciabi: ignore unpinned-nic", "before", ["suppression-without-reason", "unpinned-nic"]),
        ("pciabi: ignore", "before", ["suppression-without-reason", "unpinned-nic"]),
        ("pciabi: ignore unknown-bus why", "before", ["unused-suppression", "unpinned-nic"]),
    ],
)
def test_suppressions(here: Path, comment: str, at: str, expected: list[str]) -> None:
    (here / "vm.xml").write_text(suppressed(comment, at))
    result = run("vm.xml", "--format", "json")
    assert names(result) == expected
    assert document(result)["suppressed"] == (0 if expected else 1)


def test_the_projects_settings_hold_below_its_folder(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (here / "sub").mkdir()
    (here / "sub/vm.xml").write_text(BAD.replace("pc-i440fx-7.2", "pc"))
    (here / ".pciabi.toml").write_text(
        'select = ["address", "floating-machine-type"]\nexclude = ["old/"]\n'
        'fail-on = "error"\n[severity]\nunpinned-nic = "advice"\n'
        '[per-path-ignores]\n"lab/*" = ["all"]\n'
    )
    monkeypatch.chdir(here / "sub")
    result = run("vm.xml", "--format", "json")
    assert names(result) == ["floating-machine-type", "unpinned-nic"]
    assert [f["severity"] for f in document(result)["findings"]] == ["warning", "advice"]
    assert code(result) == 0
    (here / "sub/lab").mkdir()
    (here / "sub/lab/vm.xml").write_text(BAD)
    assert names(run("lab/vm.xml", "--format", "json")) == []


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("selct = []\n", ".pciabi.toml:1: selct: unknown setting, allowed: select, ignore"),
        ('\nignore = ["nonsense"]\n', ".pciabi.toml:2: ignore: there is no rule 'nonsense'"),
        ('fail-on = "never"\n', "fail-on: 'never' is none of advice, warning, error"),
        ("ignore = 3\n", "ignore: must be a list of words"),
        ("[severity\n", "not valid TOML"),
    ],
)
def test_wrong_settings_are_named_with_their_line(here: Path, text: str, words: str) -> None:
    (here / ".pciabi.toml").write_text(text)
    (here / "vm.xml").write_text(GOOD)
    result = run("vm.xml")
    assert code(result) == 2
    assert words in str(result.exception)


def test_a_baseline_hides_what_was_there_and_nothing_new(here: Path) -> None:
    (here / "vm.xml").write_text(BAD)
    assert code(run("vm.xml", "--write-baseline", "known.json")) == 0
    # Lines may move; the finding is the same one.
    (here / "vm.xml").write_text("<!-- a comment -->\n\n" + BAD)
    assert code(run("vm.xml", "--baseline", "known.json")) == 0
    second = BAD.replace("</interface>", "</interface><interface type='network'/>")
    (here / "vm.xml").write_text(second)
    assert code(run("vm.xml", "--baseline", "known.json")) == 1
    # Of two that look the same, as many are known as there were.
    nameless = BAD.replace("<mac address='52:54:00:00:00:01'/>", "")
    (here / "vm.xml").write_text(nameless)
    assert code(run("vm.xml", "--write-baseline", "known.json")) == 0
    (here / "vm.xml").write_text(nameless.replace("<interface", "<interface/><interface"))
    assert names(run("vm.xml", "--baseline", "known.json", "--format", "json")) == ["unpinned-nic"]
    (here / "known.json").write_text("{}")
    assert code(run("vm.xml", "--baseline", "known.json")) == 2


def test_every_format_shows_the_finding(here: Path) -> None:
    (here / "vm.xml").write_text(BAD)
    for format_ in ("text", "json", "junit", "github", "gitlab"):
        assert "unpinned-nic" in run("vm.xml", "--format", format_).output


def test_sarif_is_valid_and_holds_rule_help_place_and_fingerprint(here: Path) -> None:
    (here / "vm.xml").write_text(BAD)
    (here / "broken.xml").write_text("<domain>")
    log = json.loads(run("vm.xml", "broken.xml", "--format", "sarif").output)
    jsonschema.validate(log, SARIF, cls=jsonschema.Draft4Validator)
    (told,) = log["runs"]
    (result,) = told["results"]
    rule = told["tool"]["driver"]["rules"][result["ruleIndex"]]
    assert rule["id"] == result["ruleId"] == "PCI101"
    assert rule["help"]["text"]
    (location,) = result["locations"]
    line = next(n for n, text in enumerate(BAD.splitlines(), 1) if "<interface" in text)
    assert location["physicalLocation"]["artifactLocation"]["uri"] == "vm.xml"
    assert location["physicalLocation"]["region"]["startLine"] == line
    # Lines above may change; the finding is the same one.
    (here / "vm.xml").write_text(f"<!-- more -->\n{BAD}")
    again = json.loads(run("vm.xml", "--format", "sarif").output)["runs"][0]
    assert again["results"][0]["partialFingerprints"] == result["partialFingerprints"]
    (invocation,) = told["invocations"]
    assert invocation["executionSuccessful"] is False
    assert "not well-formed XML" in invocation["toolExecutionNotifications"][0]["message"]["text"]


def test_a_rule_explains_itself() -> None:
    result = run("--explain", "unpinned-nic")
    assert code(result) == 0
    assert "PCI101 unpinned-nic (error)" in result.output
    assert "Bad:" in result.output


def test_linting_imports_nothing_slow(here: Path) -> None:
    (here / "vm.xml").write_text(GOOD)
    script = (
        "import sys; sys.argv = ['pciabi', 'lint', 'vm.xml']\n"
        "from pciabi.cli.main import main\n"
        "try:\n    main()\nexcept SystemExit:\n    pass\n"
        "print(sorted({'rich', 'pydantic', 'paramiko', 'jinja2', 'yaml'} & sys.modules.keys()))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        capture_output=True,
        text=True,
        check=True,
        env=dict(os.environ),
        cwd=here,
    )
    assert done.stdout.splitlines()[-1] == "[]", done.stdout


def test_devices_behind_libvirts_back(here: Path) -> None:
    words = ("-device", "ivshmem-plain,memdev=m", "-device", "pvpanic-pci,bus=pci.0,addr=0x3")
    arguments = "".join(f"    <arg value='{word}'/>\n" for word in words)
    text = GOOD.replace("</domain>", f"  <commandline>\n{arguments}  </commandline>\n</domain>")
    (here / "vm.xml").write_text(text)
    result = run("vm.xml", "--format", "json")
    assert names(result) == ["unpinned-device", "address-conflict"]
    for finding, word in zip(document(result)["findings"], words[::2], strict=True):
        assert f"<arg value='{word}'" in text.splitlines()[finding["line"] - 1]
        assert "addr=" in finding["remedy"]
