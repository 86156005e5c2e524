"""The generators of the fuzzer `checks`: payloads fit, mappings compile, and their judge sees each lie."""

from __future__ import annotations

import json
import re
from collections import Counter
from pathlib import Path
from random import Random
from typing import Any

import pytest

from mapper.diagnostics.diagnostic import Diagnostic, Severity
from support import claims
from support.checked_mappings import checked
from support.claims import judge
from support.keyword_schemas import PATTERNS, object_schema, pattern_of
from support.pattern_texts import text_near
from support.realistic_mappings import realistic
from support.schema_values import FORMATS, values_of_schema
from support.validators import reference

WORDS = {
    *(
        "type",
        "enum",
        "const",
        "minLength",
        "maxLength",
        "pattern",
        "format",
        "minimum",
        "maximum",
        "multipleOf",
    ),
    *("exclusiveMinimum", "exclusiveMaximum", "items", "prefixItems", "contains", "minItems", "maxItems"),
    *("minContains", "maxContains", "uniqueItems", "unevaluatedItems", "properties", "required"),
    *("patternProperties", "additionalProperties", "propertyNames", "minProperties", "maxProperties"),
    *("dependentRequired", "dependentSchemas", "unevaluatedProperties", "allOf", "anyOf", "oneOf", "not"),
    *("if", "then", "else"),
}


@pytest.mark.parametrize("seed", range(5))
def test_texts_match_their_pattern(seed: int) -> None:
    chance = Random(seed)
    for pattern in [*PATTERNS, *(pattern_of(chance) for _ in range(20))]:
        made = [text_near(pattern, chance, " ") for _ in range(30)]
        assert sum(re.search(pattern, text) is not None for text in made) >= 15, (pattern, made)
        assert len(set(made)) > 1 or len(pattern) < 6, (pattern, made)


@pytest.mark.parametrize("name", FORMATS)
def test_texts_of_a_format_have_it(name: str) -> None:
    assert all(map(reference({"format": name}).is_valid, FORMATS[name]))


def test_nearly_every_schema_gets_payloads_and_all_keywords_occur() -> None:
    words: set[str] = set()
    counts: Counter[int] = Counter()
    for seed in range(150):
        chance = Random(seed)
        schema = object_schema(chance, ["a", "b", "c"])
        found = values_of_schema(schema, chance, 4)
        assert all(map(reference(schema).is_valid, found))
        counts[min(len(found), 2)] += 1
        words |= set(re.findall(r'"(\w+)":', json.dumps(schema)))
    assert counts[2] > 110, counts
    assert words >= WORDS, sorted(WORDS - words)


@pytest.mark.parametrize("make", [checked, realistic])
def test_mappings_reach_every_answer(make: Any, tmp_path: Path) -> None:
    words: Counter[str] = Counter()
    for seed in range(18):
        chance = Random(seed)
        case = make(chance)
        words.update(judge(tmp_path, case | {"payloads": []}).words)
        assert not any(word.startswith(("M0", "M10", "M2")) for word in words), (words, case)
    assert words["clean"]
    assert words["refuted"]
    assert words["M401" if make is checked else "M405"]


CASE: dict[str, Any] = {
    "mapping": {
        "mapping": "m",
        "source": "source.schema.json",
        "target": "target.schema.json",
        "event": {"f": "$.a"},
    },
    "source": {"type": "object", "properties": {"a": {"type": ["string", "number"]}}, "required": ["a"]},
    "target": {"type": "object", "properties": {"f": {"type": "string"}}, "required": ["f"]},
    "payloads": [{"a": "x"}, {"a": 5}, {"b": 1}],
}


def _changed(monkeypatch: pytest.MonkeyPatch, change: Any) -> None:
    """Let the judge see other diagnostics than the checker gave."""
    checked_ = claims.checked

    def analysed(folder: Path, case: Any) -> Any:
        analysis = checked_(folder, case)
        analysis.report.diagnostics[:] = [
            change(each) for each in analysis.report.diagnostics if change(each)
        ]
        return analysis

    monkeypatch.setattr(claims, "checked", analysed)


def _said(message: str, *hints: str) -> Any:
    return lambda each: Diagnostic(each.code, message, each.labels, hints, Severity.ERROR)


LIES: dict[str, tuple[Any, str]] = {
    "silence": (lambda each: None, "unannounced M612 type"),
    "never": (_said("`f` cannot be text"), "passes although M401 says never"),
    "a payload that passes": (
        _said("odd", 'smallest payload that fails: `{"a": "x"}`'),
        "a payload of M401 that is not rejected",
    ),
    "a payload that does not fit": (
        _said("odd", "smallest payload that fails: `{}`"),
        "a payload of M401 that the source does not allow",
    ),
}


@pytest.mark.parametrize("lie", LIES)
def test_the_judge_sees_a_lie(lie: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert judge(tmp_path, CASE).broken == ()
    change, broken = LIES[lie]
    _changed(monkeypatch, change)
    assert judge(tmp_path, CASE).broken == (broken,)


def test_a_rejection_that_is_asked_for_is_no_lie(tmp_path: Path) -> None:
    value = {"path": "$.a", "as": "integer", "on_error": "reject", "on_missing": "reject"}
    case = CASE | {
        "mapping": CASE["mapping"] | {"event": {"f": value}},
        "target": {"properties": {"f": {"type": "integer"}}, "required": ["f"]},
    }
    assert judge(tmp_path, case) == claims.Judgement(("clean",))
