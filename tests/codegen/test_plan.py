"""Plans: which places of a payload a program reads, and how each is decoded."""

from __future__ import annotations

import pytest

import mapper
from mapper.codegen.plan import NotNarrow, PayloadPlace, make_plan
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from support.both_paths import assert_same

MAPPING = """\
mapping: plan
each: {each}
skip:
  - when: kind == "test"
    reason: a test
event:
  event_id: {{path: $.id, as: string, on_missing: reject}}
  event_name: Seen
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {properties}
"""


def job(properties: str, each: str = "$") -> mapper.Transform:
    return mapper.compile(MAPPING.format(each=each, properties=properties))


def item_of(properties: str) -> PayloadPlace:
    """The place of the items of a mapping, and with it the places below."""
    file = SourceFile("plan.yaml", MAPPING.format(each="$", properties=properties))
    program = analyse(file, None, Report()).program
    assert program is not None
    return make_plan(program).item


def opened(place: PayloadPlace) -> dict[str, bool]:
    """The kind of each member."""
    return {name: member.is_open for name, member in place.members.items()}


def test_a_plan_says_why_a_body_is_decoded_as_a_whole() -> None:
    assert job("{a: $.p..x}").plan.startswith("A body is decoded as far")
    assert "uses the item as a whole" in job("{all: $}").plan
    assert "`each` uses more than" in job("{}", "$..items").plan


def test_what_is_not_read_is_not_decoded() -> None:
    transform = job("{a: $.page.url}")
    assert transform.plan.splitlines()[1:5] == ["Decoded:", "  $.kind", "  $.id", "  $.page.url"]
    assert_same(transform, b'{"id":1,"page":{"url":[1],"title":"' + b"x" * 100 + b'"},"more":{"url":1e999}}')


def test_an_object_that_is_stepped_through_is_decoded_in_part() -> None:
    item = item_of("{a: $.page.url, b: $.page.size.x}")
    assert opened(item) == {"kind": False, "id": False, "page": True}
    assert opened(item.members["page"]) == {"url": False, "size": True}


@pytest.mark.parametrize(
    "properties",
    [
        *("{path: $.p, as: object, default: {}}", "{merge: [$.p, {a: $.q}]}", "{path: $.p, pick: [a]}"),
        *("{merge: [$.p, {a: $.p.b}]}", "{merge: [$.p, {a: '{{ p.b }}'}]}"),
    ],
)
def test_an_object_in_the_event_is_decoded(properties: str) -> None:
    assert opened(item_of(properties))["p"] is False


def test_elements_are_one_place() -> None:
    listed = item_of("{a: {map: '$.list', to: {sku: $.sku}}, b: '$.list[0].price'}").members["list"]
    assert listed.elements is not None
    assert opened(listed.elements) == {"sku": False, "price": False}


def test_nothing_is_gained_if_the_item_is_used_as_a_whole() -> None:
    with pytest.raises(NotNarrow, match="uses the item as a whole"):
        item_of("{all: $}")


def test_values_that_are_taken_apart_are_decoded_as_a_whole() -> None:
    value = "{a: {path: $.x, of: {first_of: [$.o, $.p]}}, b: {object_from: $.q, key: $.key, value: $.value}}"
    item = item_of(value)
    assert {name: item.members[name].is_open for name in "opq"} == dict.fromkeys("opq", False)
    assert "x" not in item.members
    assert "key" not in item.members
    body = b'{"o":{"x":[1]},"p":{"x":2},"q":{"a":{"b":null},"c":1.0},"r":{"x":1e999}}'
    assert_same(job(value), body)
    assert_same(job(value), body.replace(b'"o"', b'"n"'))


def test_a_path_on_another_value_reads_no_member_of_the_item() -> None:
    """Though the value is in the event, too."""
    value = "{merge: [$.o, {x: {path: '$[?@.y == $.z]', of: $.o}, t: {path: '$[*]', of: $.o, take: last}}]}"
    for body in (b'{"o":{"z":1,"l":{"y":1}},"z":2}', b'{"o":null}', b'{"o":[{"y":1}]}', b'{"o":{"x":1}}'):
        assert_same(job(value), body)
