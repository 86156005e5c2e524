"""Each constant of the static bound of work has a case that only this constant bounds: without it, it fails.

In a case all units but those of its own constant are set to 0, and that constant to many times as much, for
the count and for the bound, so that no other part of the bound hides what is missing.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import mapper
from mapper.codegen import work_code
from mapper.ir import text_work
from mapper.ir import units as ir_units
from mapper.ir import work as ir_work
from mapper.ir.units import Size, Units, inside
from mapper.runtime import work
from mapper.runtime.json.nesting import count_values
from mapper.runtime.limits import Limits, within
from support.frames import FRAME, text_of
from support.limit_trials import of_schema
from support.metered import by_generated_code, program_of, units_of_event

# Units that the count and the bound share.
UNITS = (
    *("CALL", "CODED", "DATE", "DATE_PATTERN", "ENTERED", "FREE_DATE", "FREE_DATE_CHARACTER", "LISTED"),
    *("FORMAT", "LONG_DIGIT", "NUMBER", "PAIR", "PRINTED", "VALUE", "WRITTEN"),
)
COUNT = 50
LARGE = 1_000
WORDS = "23 November 2026"


@dataclass(frozen=True)
class Case:
    """Properties, the value of `s` in the body, and the units that are kept beside those of the constant."""

    properties: str
    value: Any
    kept: tuple[str, ...] = ()
    header: str = ""


def in_rounds(expression: str) -> str:
    return text_of("{% for i in s %}{{ " + expression + " }}{% endfor %}")


LISTS: list[Any] = [[]] * COUNT
ZEROS = [0] * COUNT
MEMBERS = {f"{number:02}": 0 for number in range(COUNT)}
EQUAL = text_of("{% if s == item.s %}{% endif %}")
AS = "{a: {map: $.s, to: {path: $, as: KIND, on_error: keep}}}"

OF_TEXTS: dict[str, list[Case]] = {
    "CALL": [Case(in_rounds("i | md5"), [""] * COUNT), Case(in_rounds("i | join"), MEMBERS)],
    "CODED": [Case(text_of("{{ s | url_decode }}"), "a" * 400)],
    "DATE": [Case(in_rounds("i | date: '%Y'"), ZEROS)],
    "DATE_PATTERN": [Case(in_rounds("i | date: '%d.%m.%Y'"), ZEROS)],
    "ENTERED": [
        Case(EQUAL, LISTS),
        Case(text_of("{% if s contains s[0] %}{% endif %}"), [[0], *LISTS]),
        Case(text_of("{{ s | uniq | size }}"), [{}] * COUNT),
    ],
    "FREE_DATE": [Case(in_rounds("i | date: '%Y'"), [WORDS] * COUNT)],
    "FREE_DATE_CHARACTER": [Case(in_rounds("i | date: '%Y'"), [WORDS] * COUNT)],
    "LISTED": [
        Case(text_of("{{ s | reverse | size }}"), ZEROS),
        Case(text_of("{{ s | sum }}"), ZEROS),
        Case(text_of("{{ s | sort | size }}"), ZEROS),
        Case(in_rounds("i | reverse | size"), MEMBERS),
        Case(in_rounds("i | sum"), MEMBERS),
    ],
    "LONG_DIGIT": [Case(text_of("{{ s }}"), [10**4_000] * 3)],
    "LONGEST_DATE": [Case(in_rounds("i | date: '%Y'"), ["x" * 100] * 5, ("FREE_DATE_CHARACTER",))],
    "NUMBER": [Case(in_rounds("i | plus: 0.5"), ZEROS)],
    "PRINTED": [
        Case(text_of("{{ s }}"), ZEROS),
        Case(in_rounds("i"), MEMBERS),
        Case(in_rounds("i | md5"), MEMBERS),
        Case(text_of("{{ s | append: '' }}"), [MEMBERS] * 5),
    ],
    "VALUE": [
        Case(text_of("{% for i in s %}{% endfor %}"), MEMBERS),
        Case(in_rounds("i | split: ''"), ["a"]),
    ],
    "_DIGEST": [Case(text_of("{{ ''" + " | sha512" * 9 + " }}"), 0)],
    "_NUMBER": [Case(text_of("{% capture c %}" + "{% increment n %}" * 200 + "{% endcapture %}"), 0)],
    "_LONG_NUMBER": [Case(text_of("{{ s | times: s" + " | append: ''" * 3 + " }}"), 10**2_000)],
    "_LONG_PATTERN": [Case(text_of("{{ 0 | date: s" + " | append: ''" * 3 + " }}"), "%1000d" * 3)],
    "_WIDE": [Case(text_of("{{ 0 | date: '%500d'" + " | append: ''" * 3 + " }}"), 0)],
    "_LONGER": [Case(text_of("{{ s | escape | append: '' }}"), '"' * 400)],
    "_SORTED": [Case(text_of("{{ s | sort | size }}"), ZEROS, ("VALUE",))],
    "REQUESTED": [Case(text_of("{{ header['x'] | upcase }}"), 0, header="x" * 9_000)],
}
OF_PROGRAMS: dict[str, list[Case]] = {
    "CALL": [Case(AS.replace("KIND", "json"), ["1"] * COUNT)],
    "LONG_DIGIT": [Case("{a: {hash: [$.s]}}", [10**4_000] * 5)],
    "PAIR": [
        Case("{a: {path: $.s, prune: [blank]}}", LISTS, ("PRINTED",)),
        Case("{path: $.s, flatten: {separator: .}}", MEMBERS),
    ],
    "PRINTED": [Case("{a: {hash: [$.s]}}", ZEROS), Case("{a: {map: $.s, to: {hash: [$, $]}}}", ZEROS)],
    "VALUE": [Case("{path: $.s, omit: [k1]}", MEMBERS), Case("{merge: [$.s, $.s]}", MEMBERS)],
    "_CANONICAL": [Case("{a: {hash: [$.s]}}", [1e20] * COUNT)],
    "_NUMBER": [Case("{a: {liquid: '{{ s | upcase }}', as: integer, on_error: keep}}", "9" * 4_000)],
    "_ROUND_CHARACTER": [Case(text_of("{% for i in s %}{% endfor %}"), ZEROS)],
}
OF_SIZES: dict[str, list[Case]] = {
    "REQUESTED": [Case("{a: {hash: [{header: x}]}}", 0, header="x" * 9_000)],
}
# A schema for the value of `s`, which fits it.
OF_CHECKS: dict[str, list[tuple[dict[str, Any], Any]]] = {
    "ENTERED": [({"const": LISTS}, LISTS), ({"items": {"enum": [[], {}]}}, LISTS)],
    "FORMAT": [({"format": "uri"}, "x:" + "a" * LARGE), ({"items": {"format": "uri"}}, ["x:" + "a" * LARGE])],
}
TABLES: dict[ModuleType, dict[str, list[Case]]] = {
    text_work: OF_TEXTS,
    ir_work: OF_PROGRAMS,
    ir_units: OF_SIZES,
}
# Those that are no units of the bound, or with which each item begins and which the count takes from there.
OTHERS: dict[ModuleType, set[str]] = {
    text_work: {"_MAX_PENDING"},
    ir_units: {"UNBOUNDED", "_SMALL_BODY"},
    ir_work: {"FEW", "FORM_INFLATION", "_HASH", "_LIBRARY", "_LIBRARY_CHARACTER", "_TIME"},
}
# Of the count: what is no unit, and units of work that is never proven to be small.
NO_UNITS = {"FEW", "LONGEST_DATE", "SHORT", "SMALL_INTEGER", "STRIDE", "UNBOUNDED"}
UNBOUNDED = {"KEYWORD", "PATTERN"}
ALL = [
    pytest.param(module, name, case, id=f"{module.__name__.rpartition('.')[2]} {name} {number}")
    for module, table in TABLES.items()
    for name, cases in table.items()
    for number, case in enumerate(cases)
]


def isolate(patch: pytest.MonkeyPatch, kept: tuple[str, ...]) -> None:
    """Set the units that are kept to large numbers, and the others to 0, wherever they are imported."""
    for module_name, module in list(sys.modules.items()):
        if module_name.startswith("mapper."):
            for name in UNITS:
                value = vars(module).get(name)
                if isinstance(value, int):
                    patch.setattr(module, name, value * LARGE if name in kept else 0)


def count_and_bounds(case: Case, mutate: Callable[[], object]) -> tuple[int, int, int]:
    """The units of an item, and their bound before and after a change of the bound."""
    text, body = FRAME.replace("PROPERTIES", case.properties), {"s": case.value}
    raw = json.dumps(body, separators=(",", ":")).encode()
    # No more than there are, so that the bound is near the count.
    limits = Limits(values=count_values(raw), loop_rounds=COUNT, text_length=20_000)
    with within(limits):
        program = program_of(text)
        begins = ir_work.item_units(program)
        code, units = by_generated_code(program, body, body, mapper.Request(headers={"x": case.header}))
        assert code == ""

        def bound() -> int:
            fresh = program_of(text)  # the answers of a program are remembered
            return min(
                ir_work.bounds_of(fresh, is_large=is_large)
                .work(begins, fresh.each)
                .at_most(1, len(raw), limits)
                for is_large in (True, False)
            )

        before = bound()
        mutate()
        return units, before, bound()


@pytest.mark.parametrize(("module", "name", "case"), ALL)
def test_a_bound_without_one_of_its_constants_is_too_low(
    module: ModuleType, name: str, case: Case, monkeypatch: pytest.MonkeyPatch
) -> None:
    isolate(monkeypatch, (name, *case.kept))
    units, bound, mutated = count_and_bounds(case, lambda: monkeypatch.setattr(module, name, 0))
    assert mutated < units <= bound


@pytest.mark.parametrize(
    ("name", "schema", "value"),
    [
        pytest.param(name, *case, id=f"{name} {case[0]}")
        for name, cases in OF_CHECKS.items()
        for case in cases
    ],
)
def test_a_bound_of_checks_without_one_of_its_constants_is_too_low(
    name: str, schema: dict[str, Any], value: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    isolate(monkeypatch, (name,))
    path = of_schema(schema, "{a: $.s}").written(tmp_path)
    body = {"s": value}
    raw = json.dumps(body, separators=(",", ":")).encode()
    limits = Limits(values=count_values(raw))
    units = units_of_event(mapper.load(path, limits=replace(limits, body_work=1)), body)

    def bound() -> int:
        program = program_of(path.read_text("utf-8"), str(path))
        target = json.loads((tmp_path / "own.schema.json").read_text("utf-8"))
        with within(limits):
            return work_code.work_of(program, target).at_most(1, len(raw), limits)

    before = bound()
    monkeypatch.setattr(work_code, name, 0)
    assert bound() < units <= before


def test_each_unit_of_checks_has_a_case() -> None:
    constants = {name for name, value in vars(work_code).items() if name.isupper() and type(value) is int}
    assert constants == OF_CHECKS.keys()


def test_each_unit_of_the_count_is_known_here() -> None:
    names = {name for name, value in vars(work).items() if name.isupper() and type(value) is int}
    units = {name for name in names if not name.startswith("_")}
    assert units == {*UNITS, *NO_UNITS, *UNBOUNDED} - {"CODED", "FORMAT"}


@pytest.mark.parametrize("module", TABLES, ids=lambda module: module.__name__)
def test_each_constant_has_a_case(module: ModuleType) -> None:
    constants = {name for name, value in vars(module).items() if name.isupper() and type(value) is int}
    assert constants == {*TABLES[module], *OTHERS[module]}


def test_a_bound_without_the_rounds_of_elements_is_too_low(monkeypatch: pytest.MonkeyPatch) -> None:
    def without_rounds(element: Units, source: Size) -> Units:
        return inside(replace(element, rounds=0), source)

    isolate(monkeypatch, ())
    case = Case("{a: {map: [$.s], to: '{% for i in item %}{% endfor %}'}}", ZEROS)
    units, bound, mutated = count_and_bounds(
        case, lambda: monkeypatch.setattr(ir_work, "inside", without_rounds)
    )
    assert mutated < units <= bound
