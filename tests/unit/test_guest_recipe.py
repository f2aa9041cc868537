"""Recipes of guests: which kind a file is, and every mistake at its line."""

from __future__ import annotations

from pathlib import Path

import jsonschema
import pytest
import yaml

from pciabi import resources
from pciabi.errors import InputError
from pciabi.guest import image, recipe, recipe_file
from pciabi.guest.login import OwnProtocol
from pciabi.guest.recipe import BuiltRecipe, KernelRecipe
from pciabi.scenario import load

KERNEL = """\
description: ours
kernel: vmlinuz
initrd: boot/initrd.gz
arguments: [console=ttyS0, quiet]
"""
SCENARIO = """\
summary: two boots
image: IMAGE
machine: pc
devices:
  - {driver: e1000, id: net0}
steps: [boot, boot]
"""


def written(folder: Path, text: str) -> Path:
    (folder / "boot").mkdir(exist_ok=True)
    for name in ("vmlinuz", "boot/initrd.gz"):
        (folder / name).touch()
    path = folder / "ours.yaml"
    path.write_text(text)
    return path


def test_a_kernel_and_an_initramfs_are_used_as_they_are(tmp_path: Path) -> None:
    path = written(tmp_path, KERNEL)
    kernel, initrd = tmp_path / "vmlinuz", tmp_path / "boot/initrd.gz"
    arguments = ("console=ttyS0", "quiet")
    assert recipe.load(path) == KernelRecipe(path, kernel, initrd, arguments, None, OwnProtocol())
    with pytest.raises(InputError, match=r"ours.yaml:1: there is nothing to build"):
        image.ensure(path, lambda _progress: None)


def test_what_ships_is_built() -> None:
    shipped = sorted(resources.image_recipe("debian").parent.glob("*.yaml"))
    assert shipped
    for path in shipped:
        assert isinstance(recipe.load(path), BuiltRecipe)
        # Only YAML 1.1's own types differ, and these recipes use none of them.
        jsonschema.validate(yaml.safe_load(path.read_text()), recipe_file.schema())


MISTAKES = {
    "no kernel": ("kernel: vmlinuz", "kernel: vmlinux", 2, "kernel: there is no file vmlinux"),
    "no initrd": ("boot/initrd.gz", "boot", 3, "initrd: there is no file boot"),
    "forgotten": ("initrd: boot/initrd.gz\n", "", 1, "initrd: Field required"),
    "unknown key": ("arguments:", "append:", 4, "append: unknown key 'append', allowed: desc"),
    "no CPU": ("arguments:", "cpu: a b\narguments:", 4, "cpu: String should match pattern"),
    "one text": ("[console=ttyS0, quiet]", "quiet", 4, "arguments: Input should be a valid tuple"),
    "null byte": ("vmlinuz", r'"a\0b"', 2, "kernel: String should match"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_a_mistake_is_shown_at_its_line(tmp_path: Path, name: str) -> None:
    old, new, line, message = MISTAKES[name]
    assert old in KERNEL
    path = written(tmp_path, KERNEL.replace(old, new, 1))
    with pytest.raises(InputError) as caught:
        recipe.load(path)
    assert str(caught.value).startswith(f"{path}:{line}: {message}")


@pytest.mark.parametrize(
    ("word", "found"),
    [("./ours.yaml", "ours.yaml"), ("ours.yaml", "ours.yaml"), ("../ours.yml", "../ours.yml")],
)
def test_a_scenario_names_a_recipe_by_its_path(tmp_path: Path, word: str, found: str) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / found).touch()
    scenario = folder / "own.pciabi.yaml"
    scenario.write_text(SCENARIO.replace("IMAGE", word))
    (case,) = load.cases(scenario)
    assert case.image == folder / found


@pytest.mark.parametrize(
    ("word", "message"),
    [
        ("debina", "no shipped image is called 'debina'"),
        ("./ours.yaml", "there is no image recipe ./ours.yaml"),
        ("folder/", "there is no image recipe folder/"),
    ],
)
def test_a_recipe_that_is_not_there_is_shown_at_the_scenarios_line(
    tmp_path: Path, word: str, message: str
) -> None:
    scenario = tmp_path / "own.pciabi.yaml"
    scenario.write_text(SCENARIO.replace("IMAGE", word))
    with pytest.raises(InputError) as caught:
        load.cases(scenario)
    assert str(caught.value).startswith(f"{scenario}:2: {message}")


SECRETS = (
    "root:x:0:0:root:/root:/bin/hunter2\ndaemon:x:1:1:hunter2:/usr/sbin\n",
    "alice: hunter2\nbob: hunter2\n",
    "- hunter2\n- hunter2\n",
    "hunter2\n",
    "a: &hunter2 x\nb: &hunter2 y\n",
    "a: *hunter2\n",
    "a: !hunter2 x\n",
    "!hunter2 a: x\n",
    "hunter2: 1\nhunter2: 2\n",
    "%hunter2\n---\n",
    '"hunter2\\q": 1\n',
    "? {hunter2: 1}\n: 2\n",
    "password: [hunter2\n",
)


@pytest.mark.parametrize("text", SECRETS)
def test_nothing_of_a_file_that_is_no_recipe_is_quoted(tmp_path: Path, text: str) -> None:
    path = tmp_path / "secrets"
    path.write_text(text)
    with pytest.raises(InputError) as caught:
        recipe.load(path)
    assert "hunter2" not in str(caught.value)
