"""The observer of the interpreter sees each node that is evaluated, in order, with its outcome."""

from __future__ import annotations

from pathlib import Path

import pytest

import mapper
from mapper import ir
from mapper.compiler import analyse
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile
from mapper.interpreter.items import ItemOutcome, interpret_item
from mapper.interpreter.path_evaluation import locate
from mapper.interpreter.value_evaluation import EvaluationContext
from mapper.runtime.faults import Fault, Skip
from mapper.runtime.missing import MISSING
from support.language_cases import FRAME

Node = ir.Value | ir.Rule
Seen = list[tuple[str, object]]  # the texts of nodes in the mapping with their outcomes; a fault as its code
REQUEST = mapper.Request()
FOUR_TEXTS = 4  # the fields of the frame before `event_properties`


def program_of(text: str) -> ir.Program:
    program = analyse(SourceFile("case.yaml", text), None, Report()).program
    assert program is not None
    return program


def observe_item(program: ir.Program, item: object) -> tuple[ItemOutcome, Seen]:
    """The outcome of an item, which observing does not change, and what is observed."""
    seen: Seen = []

    def observe(node: Node, outcome: object, context: EvaluationContext) -> None:
        assert context.body is item
        seen.append((node.span.text, outcome.code if isinstance(outcome, Fault) else outcome))

    outcome = interpret_item(program, item, item, REQUEST, observe)
    assert outcome == interpret_item(program, item, item, REQUEST)
    return outcome, seen


# A value of `event_properties`, the item, and the nodes of the value that are evaluated, the whole one last.
# In the first text of a node, `~` is the whole value.
VALUES: dict[str, tuple[str, dict[str, object], Seen]] = {
    "the option that is observed last was taken": (
        "{first_of: [$.x, $.y, $.z]}",
        {"y": 0, "z": 3},
        [("$.x", MISSING), ("$.y", 0), ("~", 0)],
    ),
    "an option of first_nonblank may lose with a blank text": (
        "{first_nonblank: [$.x, $.y, $.z]}",
        {"x": " ", "y": None, "z": "a"},
        [("$.x", " "), ("$.y", None), ("$.z", "a"), ("~", "a")],
    ),
    "all options are observed if none is taken": (
        "{first_of: [$.x, $.y]}",
        {"x": None},
        [("$.x", None), ("$.y", MISSING), ("~", MISSING)],
    ),
    "of a match the subject and the case that was taken": (
        "{match: $.k, cases: {p: $.x, q: $.y}, else: $.z}",
        {"k": "q", "x": 1, "y": 2, "z": 3},
        [("$.k", "q"), ("$.y", 2), ("~", 2)],
    ),
    "of a match without such a case the subject and else": (
        "{match: $.k, cases: {p: $.x}, else: $.z}",
        {"k": "q", "x": 1, "z": 3},
        [("$.k", "q"), ("$.z", 3), ("~", 3)],
    ),
    "of when the branch that was taken": (
        "{when: k == 1, then: $.x, else: $.y}",
        {"k": 2, "x": 1, "y": 2},
        [("$.y", 2), ("~", 2)],
    ),
    "a condition that cannot be decided": (
        "{when: k < 1, then: $.x}",
        {"k": "one", "x": 1},
        [("~", "M618")],
    ),
    "a default that is needed": (
        "{path: $.x, default: $.y}",
        {"x": None, "y": 2},
        [("$.x", None), ("$.y", 2), ("~", 2)],
    ),
    "a default that is not needed": (
        "{path: $.x, default: $.y}",
        {"x": False, "y": 2},
        [("$.x", False), ("~", False)],
    ),
    "a value that a cast refuses": (
        "{path: $.x, as: integer, on_error: reject}",
        {"x": "one"},
        [("$.x", "one"), ("~", "M613")],
    ),
    "a value that a cast leaves out": (
        "{path: $.x, as: integer, on_error: omit}",
        {"x": "one"},
        [("$.x", "one"), ("~", MISSING)],
    ),
    "a value that must not be missing": (
        "{path: $.x, on_missing: reject}",
        {},
        [("$.x", MISSING), ("~", "M611")],
    ),
    "of a path on another value first that value": (
        "{path: $.k, of: $.x}",
        {"x": {"k": 1}, "k": 2},
        [("$.x", {"k": 1}), ("$.k", 1), ("~", 1)],
    ),
    "one of several matches": (
        "{path: '$.x[*]', take: last}",
        {"x": [1, 2]},
        [("$.x[*]", [1, 2]), ("~", 2)],
    ),
    "several matches where one is wanted": (
        "{path: '$.x[*]', take: only}",
        {"x": [1, 2]},
        [("$.x[*]", [1, 2]), ("~", "M627")],
    ),
    "an object taken apart": (
        "{entries: $.x}",
        {"x": {"k": 1}},
        [("$.x", {"k": 1}), ("~", [{"key": "k", "value": 1}])],
    ),
    "an object of entries evaluates a key and a value for each": (
        "{object_from: $.x, key: $.k, value: $.v}",
        {"x": [{"k": 7, "v": 1}, {"v": 2}]},
        [
            ("$.x", [{"k": 7, "v": 1}, {"v": 2}]),
            ("$.x", [{"k": 7, "v": 1}, {"v": 2}]),
            ("$.k", 7),
            ("$.k", "7"),
            ("$.v", 1),
            ("~", {"key": "7", "value": 1}),
            ("$.k", MISSING),
            ("$.k", MISSING),
            ("$.v", 2),
            ("~", {"value": 2}),
            ("~", [{"key": "7", "value": 1}, {"value": 2}]),
            ("~", {"7": 1}),
        ],
    ),
    "map evaluates its element for each member": (
        "{map: $.x, to: {n: $.k}}",
        {"x": [{"k": 1}, {}]},
        [
            ("$.x", [{"k": 1}, {}]),
            ("$.k", 1),
            ("{n: $.k}", {"n": 1}),
            ("$.k", MISSING),
            ("{n: $.k}", {}),
            ("~", [{"n": 1}, {}]),
        ],
    ),
}


@pytest.mark.parametrize("idea", VALUES)
def test_nodes_of_a_value_are_observed_in_order(idea: str) -> None:
    value, item, expected = VALUES[idea]
    (kind, found), seen = observe_item(program_of(f"{FRAME}    a: {value}\n"), item)
    *nodes, properties, event = seen[FOUR_TEXTS:]
    assert nodes == [(value if text == "~" else text, outcome) for text, outcome in expected]
    whole = nodes[-1][1]
    if kind == "rejected":
        assert [found, found] == [properties[1], event[1]] == [whole, whole]
    else:
        assert properties == (f"a: {value}", {} if whole is MISSING else {"a": whole})
        assert event == ("event", found)


RULES = """\
skip:
  - {when: "kind == 'ping'", reason: a ping}
reject:
  - {when: "age < 18", reason: too young}
"""


@pytest.mark.parametrize(
    ("item", "expected"),
    [
        ({"kind": "ping"}, [True]),
        ({"age": 17}, [False, True]),
        ({"age": "17"}, [False, "M618"]),
    ],
)
def test_rules_are_observed_until_one_applies(item: object, expected: list[object]) -> None:
    _, seen = observe_item(program_of(f"{RULES}{FRAME}    a: $.x\n"), item)
    assert [outcome for _, outcome in seen] == expected


def test_without_a_skip_the_rules_come_before_the_event() -> None:
    (kind, _), seen = observe_item(program_of(f"{RULES}{FRAME}    a: $.x\n"), {"age": 18})
    assert kind == "event"
    assert [outcome for _, outcome in seen[:3]] == [False, False, "e-1"]


def test_a_template_that_leaves_the_item_out_is_observed_with_the_skip(tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    (tmp_path / "dialects" / "acme.yaml").write_text("dialect: acme\ntags: [abort]\n", encoding="utf-8")
    text = "mapping: m\ndialect: acme\ntemplate: |\n  {% abort %}\n"
    program = analyse(SourceFile(str(tmp_path / "m.yaml"), text), tmp_path, Report()).program
    assert program is not None
    seen: list[object] = []
    outcome = interpret_item(program, {}, {}, REQUEST, lambda _node, end, _context: seen.append(end))
    assert outcome[0] == "skipped"
    assert [type(end) for end in seen] == [Skip]


def test_the_context_of_a_path_gives_the_places_it_read() -> None:
    places: list[str] = []

    def observe(node: Node, _outcome: object, context: EvaluationContext) -> None:
        if isinstance(node, ir.Path):
            places.extend(place for place, _ in locate(node, context.item, context.body))

    item = {"lines": [{"sku": "A"}, {"sku": "B"}], "p": {"x": None}}
    properties = "    a: {map: '$.lines[*]', to: $.sku}\n    b: {first_of: [$.q, $.p.x]}\n"
    program = program_of(FRAME + properties)
    interpret_item(program, item, item, REQUEST, observe)
    assert places == ["$['lines'][0]", "$['lines'][1]", "$['sku']", "$['sku']", "$['p']['x']"]
