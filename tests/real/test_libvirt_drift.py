"""What two libvirts make differently of one domain: in diff, in gate, and in the page about it."""

from __future__ import annotations

import importlib.util
import json
import sys
from dataclasses import replace
from pathlib import Path
from types import ModuleType, SimpleNamespace

import pytest

from pciabi.errors import CannotTest
from pciabi.libvirt import installation, session
from pciabi.source import made_by_libvirt
from pciabi.vm import xml_tree
from pciabi.vm.command_line.option import QemuCommandLine
from pciabi.vm.domain import line
from pciabi.vm.domain.dialect import Dialect
from pciabi.vm.xml_tree import Element
from tests.real import libvirt_sessions
from tests.real.command import pciabi

ROOT = Path(__file__).resolve().parent.parent.parent
EXAMPLES = ROOT / "examples" / "libvirt"
BEFORE, AFTER = "libvirt:9.0", "libvirt:11.3@7.2"
SIDES = ("--from", BEFORE, "--to", AFTER)
DOMAIN = """\
<domain type='kvm'>
  <name>web</name>
  <memory unit='MiB'>512</memory>
  <os><type arch='x86_64' machine='pc-q35-5.2'>hvm</type></os>
  <devices>
    <interface type='network'>
      <mac address='52:54:00:00:00:01'/>
      <source network='default'/>
      <model type='virtio'/>
    </interface>
  </devices>
</domain>
"""
NOREBOOT = "command line: machine: -global ICH9-LPC.noreboot not written -> off"


@pytest.fixture(scope="module", autouse=True)
def _libvirts() -> None:
    for version in libvirt_sessions.QEMU_OF:
        libvirt_sessions.libvirt(version)


def recorder() -> ModuleType:
    """bench/libvirt_drift.py, which is no package's."""
    path = ROOT / "bench" / "libvirt_drift.py"
    spec = importlib.util.spec_from_file_location("libvirt_drift", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def bench() -> ModuleType:
    """What writes the page."""
    return recorder()


@pytest.fixture(scope="module")
def page() -> str:
    """The page as it is."""
    return (ROOT / "docs" / "libvirt-drift.md").read_text()


@pytest.mark.full
def test_the_page_is_what_the_script_writes(bench: ModuleType, page: str) -> None:
    assert bench.page(bench.domains()) == page


def test_the_page_says_of_every_domain_what_libvirts_make_of_it(
    bench: ModuleType, page: str
) -> None:
    files = bench.domains()
    assert len(files) == 12
    _, _, *rows = bench.table(bench.ONE[1:], files)
    assert "\n".join(rows) in page


def test_the_page_says_what_a_guest_sees_of_a_domain(bench: ModuleType, page: str) -> None:
    (file, *_) = bench.domains()
    _, _, *rows = bench.seen(bench.ONE[1:], (file,))
    lines = page.splitlines()
    for row in rows:
        start = row.removesuffix(f"{file.stem} |")
        assert any(line.startswith(start) and file.stem in line for line in lines), row


@pytest.fixture
def web(tmp_path: Path) -> Path:
    """A domain without addresses."""
    path = tmp_path / "web.xml"
    path.write_text(DOMAIN)
    return path


def test_a_drift_is_told_with_the_change_that_it_leads_to(web: Path, tmp_path: Path) -> None:
    found = pciabi("diff", web, web, *SIDES, cwd=tmp_path)
    assert found.returncode == 0, found.stdout + found.stderr
    assert f"    libvirt: {NOREBOOT}" in found.stdout.splitlines()
    (itco,) = [line for line in found.stdout.splitlines() if "watchdog itco" in line]
    assert (
        f"{web}:5: implicit: watchdog itco: only the later libvirt adds it: itco (no change" in itco
    )
    document = json.loads(pciabi("diff", web, web, *SIDES, "--format", "json", cwd=tmp_path).stdout)
    (written,) = [one for one in document["drifts"] if one["kind"] == "command line"]
    (explained,) = written["explains"]
    assert document["changes"][explained]["field"] == "property noreboot"


def test_a_libvirt_that_refuses_a_domain_will_not_start_it(web: Path, tmp_path: Path) -> None:
    web.write_text(DOMAIN.replace("  </devices>", "    <panic model='pvpanic'/>\n  </devices>"))
    found = pciabi("gate", web, "--from", AFTER, "--to", BEFORE, "--format", "json", cwd=tmp_path)
    document = json.loads(found.stdout)
    (refused,) = document["will_not_start"]
    assert (found.returncode, document["verdict"]) == (1, "will-not-start")
    assert refused["refused_by"] == "libvirt 9.0.0"
    assert refused["words"] == "unsupported configuration: unknown panic model 'pvpanic'"
    assert (refused["file"], refused["line"]) == (str(web), 11)


def test_what_we_write_otherwise_than_the_libvirt_is_never_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def without_the_nic(root: Element, dialect: Dialect) -> QemuCommandLine:
        written = line.command_line(root, dialect)
        kept = (one for one in written.options if "virtio-net-pci" not in one.written)
        return replace(written, options=tuple(kept))

    (root,) = xml_tree.read("web.xml", DOMAIN).below("domain")
    with session.opened(installation.find(BEFORE)) as asked:
        assert made_by_libvirt.made(root, asked).line.named("netdev")
        monkeypatch.setattr(made_by_libvirt, "line", SimpleNamespace(command_line=without_the_nic))
        with pytest.raises(CannotTest, match="net0: libvirt writes virtio-net-pci, and pciabi no"):
            made_by_libvirt.made(root, asked)


def test_the_same_libvirt_on_both_sides_drifts_in_nothing(web: Path, tmp_path: Path) -> None:
    same = ("--from", BEFORE, "--to", BEFORE, "--format", "json")
    document = json.loads(pciabi("gate", web, *same, cwd=tmp_path).stdout)
    assert (document["verdict"], document["changes"], document["drifts"]) == ("compatible", [], [])
