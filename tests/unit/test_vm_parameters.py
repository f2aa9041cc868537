"""The arguments of options: key=value and JSON."""

from __future__ import annotations

import json
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pciabi.errors import InputError
from pciabi.vm.command_line.argument import plain
from pciabi.vm.command_line.parameters import Parameter, Parameters, parameters

names = st.text(st.sampled_from("abcdefgxyz-._0123"), min_size=1, max_size=8)
texts = st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=12)


def pairs(text: str, implied: str | None = "driver") -> list[tuple[str, str]]:
    return [(item.name, item.value) for item in parameters(plain(text, "x", 1), implied).items]


@given(st.lists(st.tuples(names, texts), min_size=1))
def test_key_value_text_is_read_as_it_was_written(items: list[tuple[str, str]]) -> None:
    written = Parameters(tuple(Parameter(name, value) for name, value in items), "driver").text()
    assert pairs(written) == items


json_values = st.recursive(
    st.none() | st.booleans() | st.integers(-(10**20), 10**20) | texts,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(texts, inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(texts, json_values, max_size=5), st.booleans())
def test_json_is_read_as_it_was_written(value: dict[str, object], ascii_only: bool) -> None:
    text = json.dumps(value, ensure_ascii=ascii_only)
    found = parameters(plain(text, "x", 1), "driver")
    assert {item.name: item.data for item in found.items} == value
    assert json.loads(found.text()) == value


@given(st.text(st.sampled_from("{}[]:,'\"\\ au1-.e0tnrlsf\n"), max_size=40))
def test_any_text_is_a_value_or_one_error(text: str) -> None:
    for form in (text, "{" + text, '{"a":' + text + "}"):
        with suppress(InputError):
            parameters(plain(form, "x", 1), "driver")


def test_qemu_s_own_forms() -> None:
    assert pairs("e1000") == [("driver", "e1000")]
    assert pairs("driver=e1000,id=a") == [("driver", "e1000"), ("id", "a")]
    assert pairs("x,server,nowait,") == [("driver", "x"), ("server", "on"), ("wait", "off")]
    assert pairs("x,file=a,,b") == [("driver", "x"), ("file", "a,b")]
    assert pairs("file=a,format=raw", None) == [("file", "a"), ("format", "raw")]
    assert pairs("{'driver':'it\\'s \"x\"','a':true,'b':1}") == [
        ("driver", 'it\'s "x"'),
        ("a", "on"),
        ("b", "1"),
    ]


def test_a_member_of_json_knows_its_place() -> None:
    found = parameters(plain('{"driver": "e1000", "addr":"0x3"}', "x", 7, 5), "driver")
    place = found.items[1].position
    assert place is not None
    assert (place.line, place.column) == (7, 5 + 21)


def test_a_parameter_is_replaced_where_it_stands() -> None:
    found = parameters(plain("tap,id=a,ifname=x", "x", 1), "type")
    assert found.having("type", "user").without("ifname").having("restrict", "on").text() == (
        "user,id=a,restrict=on"
    )


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "ends too early"),
        ('{"a":1,"a":2}', "'a' appears twice"),
        ('{"a":' + "[" * 200_000, "nested too deeply"),
        ('{"a":1}x', "after its end"),
        ('{"a":' + "9" * 1000 + "}", "a number too long"),
        ('{"a":"\\ud800"}', "a bad escape"),
    ],
)
def test_json_that_is_none_is_one_error_with_its_place(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as caught:
        parameters(plain(text, "x", 3), "driver")
    assert str(caught.value).startswith("x:3: not valid JSON: ")
