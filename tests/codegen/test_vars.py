"""Vars in generated code: computed once, when they are needed, written twice at most."""

from __future__ import annotations

import json

import pytest

import mapper
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.items import interpret_item
from mapper.runtime.json import canonical
from mapper.runtime.json.canonical import stable_hash
from mapper.transform.request import Request
from mapper.transform.transform import Transform

EVENT = """\
event:
  event_id: e-1
  event_name: Example
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties:
"""


def mapping(vars_: str, properties: str) -> str:
    """A mapping with vars and with the properties of an event, both as lines of YAML."""
    return f"mapping: m\nvars:\n{vars_}\n{EVENT}{properties}\n"


def both(transform: Transform, body: object) -> list[mapper.Result]:
    """The results of both paths."""
    return [transform(body), transform(json.dumps(body).encode())]


AMOUNT = "  amount: {path: $.amount, as: number, on_error: reject}"
USES = {
    "as a value": "    a: {b: {var: amount}}",
    "in a template": '    a: {b: "{{ vars.amount | plus: 1 }}"}',
    "in a condition": "    a: {b: {when: vars.amount == 1, then: 1}}",
    "by another var": "    a: {b: {var: double}}",
    "in a branch, and before": '    x: {when: kind == "x", then: {var: amount}}\n    a: {b: {var: amount}}',
    "in a list": "    a: {b: {map: {path: $.list, as: array, on_error: reject}, to: {var: amount}}}",
    "by the library": "    a: {b: {var: rows}}",
}


@pytest.mark.parametrize("use", USES)
def test_a_fault_has_the_field_that_needed_the_var_and_the_place_of_the_failing_part(use: str) -> None:
    more = {
        "by another var": '\n  double: ["{{ vars.amount }}", {var: amount}]',
        "by the library": '\n  rows: "{% tablerow x in list %}{{ vars.amount }}{% endtablerow %}"',
    }
    transform = mapper.compile(mapping(AMOUNT + more.get(use, ""), USES[use]))
    for result in both(transform, {"amount": "much", "list": [1]}):
        (diagnostic,) = result.rejected[0].diagnostics
        assert diagnostic.code == "M613"
        assert diagnostic.span is not None
        assert diagnostic.span.text == "{path: $.amount, as: number, on_error: reject}"
        assert diagnostic.location == "$.amount"
        assert diagnostic.message.startswith("`event_properties.a.b`: "), diagnostic.message


def test_a_var_that_rules_and_fields_read_is_computed_once() -> None:
    vars_ = '  name: "{{ first | strip | upcase }}"\n  both: "{{ vars.name }}{{ vars.name }}"'
    uses = "    a: {var: both}\n    b: {var: name}\n    c: {when: vars.name == 'x', then: {var: both}}"
    python = mapper.compile(mapping(vars_, uses)).python
    assert python.count("_STRIP_1, ") == 1
    assert "held" not in python


def test_a_var_that_branches_read_is_a_function_and_keeps_its_value() -> None:
    seen: list[object] = []
    vars_ = '  name: {match: "{{ first | strip }}", cases: {a: 1}, else: {hash: [$.first]}}'
    uses = "    list: {map: {path: $.list, as: array, on_error: reject}, to: {when: x, then: {var: name}}}"
    text = mapping(vars_, uses)
    transform = mapper.compile(text)
    assert transform.python.count("stable_hash(") == 1
    for result in both(transform, {"first": "b", "list": [{"x": 1}, {}, {"x": 1}]}):
        one, other = result.events[0]["event_properties"]["list"]
        assert one == other
    program = analyse(SourceFile("m.yaml", text), None, Report()).program
    assert program is not None
    (var,) = program.vars
    item = {"first": "b", "list": [{"x": 1}, {}, {"x": 1}]}
    interpret_item(program, item, item, Request(), lambda node, value, _: seen.append(node))
    assert sum(1 for node in seen if node is var.value) == 1


NAME = "  name: {hash: [$.first]}"
BOTH = NAME + '\n  both: "{{ vars.name }}-{{ vars.name }}"'
EACH = "{map: {path: $.list, as: array, on_error: reject}, to: {var: %s}}"
READS = {
    "in a loop": (NAME, f"    a: {EACH % 'name'}"),
    "in two branches": (NAME, "    a: {when: x, then: {var: name}}\n    b: {when: x, then: {var: name}}"),
    "in a branch, then for sure": (NAME, "    a: {when: x, then: {var: name}}\n    b: {var: name}"),
    "for sure, then in a loop": (NAME, f"    a: {{var: name}}\n    b: {EACH % 'name'}"),
    "for sure, then by the function of another": (BOTH, f"    a: {{var: name}}\n    b: {EACH % 'both'}"),
    "by the library": (NAME, '    a: "{% tablerow x in list %}{{ vars.name }}{% endtablerow %}"'),
    "for sure, then by the library": (
        NAME,
        '    a: {var: name}\n    b: "{% tablerow x in list %}{{ vars.name }}{% endtablerow %}"',
    ),
}


@pytest.mark.parametrize("read", READS)
def test_an_item_computes_a_var_once(read: str, monkeypatch: pytest.MonkeyPatch) -> None:
    calls: list[object] = []

    def counted(values: list[object]) -> object:
        calls.append(values)
        return stable_hash(values)

    monkeypatch.setattr(canonical, "stable_hash", counted)
    transform = mapper.compile(mapping(*READS[read]))
    for run in (transform, transform.json):
        assert run(b'{"first": "b", "x": true, "list": [{"n": 1}, {}]}').events
        assert calls == [["b"]]
        calls.clear()


@pytest.mark.parametrize(
    "value",
    [
        pytest.param(
            "{when: x == 1, then: {var: %s}, else: [{when: y == 1, then: {var: %s}}, {hash: [{var: %s}]}]}",
            marks=pytest.mark.slow,
        ),
        pytest.param(
            "{first_of: [{when: x == 1, then: {var: %s}}, {when: y == 1, then: {var: %s}}, '{{ vars.%s }}']}",
            marks=pytest.mark.slow,
        ),
        '"{%% if x == 1 %%}{{ vars.%s }}{%% elsif vars.%s contains 1 %%}{{ vars.%s }}{%% endif %%}"',
        '"{{ vars.%s }}{{ vars.%s }}{{ vars.%s }}"',
        pytest.param(
            "{match: $.kind, cases: {a: {var: %s}, b: {var: %s}}, else: {hash: [{var: %s}]}}",
            marks=pytest.mark.slow,
        ),
    ],
)
def test_a_chain_of_vars_makes_code_that_grows_with_its_length(value: str) -> None:
    sizes = []
    for length in (25, 50):
        lines = ["  v0: {first_of: [$.a, $.b]}"]
        lines += [f"  v{n}: {value.replace('%s', f'v{n - 1}').replace('%%', '%')}" for n in range(1, length)]
        transform = mapper.compile(mapping("\n".join(lines), f"    a: {{var: v{length - 1}}}"))
        sizes.append(len(transform.python))
        decoded, raw = both(transform, {"a": ""})
        assert decoded.events == raw.events
        assert decoded.events
        decoded, raw = both(
            transform, {"a": "x", "kind": "a", "x": 1}
        )  # a text may pass the limit of its length
        assert [r.codes for r in decoded.rejected] == [r.codes for r in raw.rejected]
        assert len(decoded.events) + len(decoded.rejected) == 1
    assert sizes[1] < 3 * sizes[0]


def test_vars_that_multiply_a_value_do_not_compile() -> None:
    lines = ["  v0: $.a", *(f"  v{n}: {{a: {{var: v{n - 1}}}, b: {{var: v{n - 1}}}}}" for n in range(1, 50))]
    with pytest.raises(mapper.CompileError) as error:
        mapper.compile(mapping("\n".join(lines), "    a: {hash: [{var: v49}]}"))
    assert {d.code for d in error.value.diagnostics} == {"M141"}


def test_a_chain_that_is_too_long_does_not_compile() -> None:
    lines = ["  v0: {first_of: [$.a]}", *(f"  v{n}: '{{{{ vars.v{n - 1} }}}}'" for n in range(1, 102))]
    with pytest.raises(mapper.CompileError) as error:
        mapper.compile(mapping("\n".join(lines), "    a: {var: v101}"))
    assert {d.code for d in error.value.diagnostics} == {"M141"}
    assert mapper.compile(mapping("\n".join(lines[:100]), "    a: {var: v99}"))({"a": "x"}).events


def test_the_narrow_path_decodes_what_vars_read() -> None:
    vars_ = "  buyer: $.buyer\n  total: {path: $.order.total, as: number, on_error: reject}"
    transform = mapper.compile(mapping(vars_, '    a: "{{ vars.buyer.name }}"\n    b: {var: total}'))
    assert "$.buyer.name" in transform.plan
    assert "$.order.total" in transform.plan
    assert "  $.buyer\n" not in transform.plan
    body = {"buyer": {"name": "Ann", "other": [1]}, "order": {"total": "3"}, "more": 1}
    for result in both(transform, body):
        assert result.events[0]["event_properties"] == {"a": "Ann", "b": 3}


def test_an_object_in_the_event_by_a_var() -> None:
    text = mapping("  traits: $.traits", "").replace(
        "event_properties:\n", "event_properties: {var: traits, as: object, on_error: reject, default: {}}"
    )
    transform = mapper.compile(text)
    assert "  $.traits\n" in transform.plan
    for result in both(transform, {"traits": {"a": 1.0, "b": [{}]}}):
        assert result.events[0]["event_properties"] == {"a": 1.0, "b": [{}]}


def test_vars_work_in_a_saved_transform(tmp_path: object) -> None:
    text = mapping(AMOUNT, "    a: {when: x, then: {var: amount}, else: {hash: [{var: amount}]}}")
    transform = mapper.compile(text)
    path = f"{tmp_path}/m.mapper"
    transform.save(path)
    again = Transform.open(path)
    for body in ({"x": 1, "amount": 2}, {"amount": "x"}):
        assert again(body).events == transform(body).events
