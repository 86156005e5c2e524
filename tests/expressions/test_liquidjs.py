"""The dialect `liquidjs` against what its engine prints: equal, rejected, or told by `check` (M218).

tests/conformance/liquidjs holds the inputs, the table of the engine's results, and the script that made it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest

from mapper import ir
from mapper.catalog import shipped_mappings
from mapper.checker.dialect_checks import check_dialect
from mapper.checker.inference.payload_types import payload_types
from mapper.checker.inference.program_types import infer_program
from mapper.diagnostics.diagnostic import Report
from mapper.diagnostics.source import SourceFile, Span
from mapper.expressions.liquid.dialects import Dialect, load_dialect
from mapper.runtime.missing import MISSING
from support.built_schemas import schema_from
from support.lowered import Outcome, run_generated, run_library, template
from support.places import TESTS

FOLDER = TESTS / "conformance" / "liquidjs"
INPUTS: dict[str, list[Any]] = json.loads((FOLDER / "inputs.json").read_text("utf-8"))
TABLE: dict[str, Any] = json.loads((FOLDER / "table.json").read_text("utf-8"))
VALUES = {
    "filters": INPUTS["values"],
    "missing": [MISSING],
    "dates": INPUTS["dates"],
    "directives": INPUTS["moments"],
}
LIST = [1, "x"]
ROWS = [
    pytest.param(call, VALUES[group], results, id=f"{group}: {call}")
    for group in VALUES
    for call, results in TABLE[group].items()
]


@cache
def dialect() -> Dialect:
    loaded = load_dialect(shipped_mappings() / "dialects" / "liquidjs.yaml", Report())
    assert loaded is not None
    return loaded


def text_of(call: str) -> str:
    return f"{{{{ value{' | ' * bool(call)}{call} }}}}"


def node_of(call: str) -> ir.Template | None:
    return template(text_of(call), dialect=dialect())


def item_of(value: Any) -> dict[str, Any]:
    return {"list": LIST} if value is MISSING else {"value": value, "list": LIST}


def schema_of(value: Any) -> dict[str, Any]:
    """The type of a value, as a vendor's schema would state it."""
    match value:
        case bool():
            return {"type": "boolean"}
        case int():
            return {"type": "integer"}
        case float():
            return {"type": "number"}
        case str():
            return {"type": "string"}
        case None:
            return {"type": "null"}
        case list():
            return {"type": "array", "items": {"anyOf": [schema_of(element) for element in value or [0]]}}
        case _:
            properties = {name: schema_of(member) for name, member in value.items()}
            return {"type": "object", "properties": properties, "additionalProperties": False}


def told(call: str, value: Any) -> list[str]:
    """The sentences of the warnings about a call whose value has a known type."""
    node = node_of(call)
    assert node is not None
    report, whole = Report(), Span(SourceFile("<test>", ""), 0, 0)
    document: dict[str, Any] = {
        "type": "object",
        "required": ["list"],
        "properties": {"list": schema_of(LIST)},
        "additionalProperties": False,
    }
    if value is not MISSING:
        document["required"].append("value")
        document["properties"]["value"] = schema_of(value)
    source = schema_from(document)
    path = ir.Path(ir.Root.BODY, (), "$", whole)
    program = ir.Program("case", (path,), (), node, frozenset(), whole)
    check_dialect(program, infer_program(program, payload_types(program, source, None)), dialect(), report)
    return [d.labels[0].text for d in report.ordered() if d.code == "M218"]


def differences() -> Iterator[tuple[str, Any, str | None, Outcome]]:
    """The calls and values for which we print another text than the engine, or it has none."""
    for row in ROWS:
        call, values, results = row.values
        node = node_of(call)  # type: ignore[arg-type]
        for value, expected in zip(values, results, strict=True):  # type: ignore[arg-type]
            if node is not None:
                outcome = run_generated(node, item_of(value))
                if outcome[0] == "text" and outcome[1] != expected:
                    yield call, value, expected, outcome  # type: ignore[misc]


def test_the_table_is_that_of_the_inputs() -> None:
    assert list(TABLE["filters"]) == INPUTS["calls"]
    assert list(TABLE["dates"]) == INPUTS["date_calls"]
    assert list(TABLE["directives"]) == [f"date: '{directive}'" for directive in INPUTS["directives"]]
    called = {call.partition(":")[0].partition(" ")[0] for call in (*INPUTS["calls"], *INPUTS["date_calls"])}
    assert called - {""} == dialect().filters


@pytest.mark.parametrize(("call", "values", "results"), ROWS)
def test_equal_or_rejected_or_told(call: str, values: list[Any], results: list[str | None]) -> None:
    node = node_of(call)
    if node is None:
        return
    for value, expected in zip(values, results, strict=True):
        item = item_of(value)
        outcome = run_generated(node, item)
        assert outcome == run_library(node, item), value
        if outcome[0] == "text" and outcome[1] != expected:
            assert told(call, value), (value, expected, outcome)


@pytest.mark.slow
def test_every_difference_that_is_listed_is_one() -> None:
    seen = {sentence for call, value, _, _ in differences() for sentence in told(call, value)}
    unseen = [term for term, sentence in dialect().renders_differently if sentence not in seen]
    assert unseen == ["%Z"]  # the name of a zone that the table's machine did not have
