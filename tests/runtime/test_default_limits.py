"""Limits: for each of them an input that nearly reaches it is taken, and a larger one ends in its code."""

from __future__ import annotations

import re
from dataclasses import fields

import pytest

from mapper.runtime.limits import Limits
from support.fixed_limits import FIXED
from support.limit_inputs import BEYOND, INPUTS, REACHED, SETTINGS, WITHIN
from support.places import ROOT

_KINDS = "MAX|MOST|LONGEST|LARGEST|DEEPEST|FEW|MANY|EXACT|VARIABLES|LOOK_AHEAD"
_OF_A_LIMIT = re.compile(rf"^(_?(?:{_KINDS})(?:_[A-Z_]+)?)(?:: [^=\n]+)? = ", re.MULTILINE)

# Constants that bound no input: modules, folders of them, or `module:NAME`.
INTERNAL = {
    "checker": "beyond it the checker knows less, and refuses nothing",
    "budget:MAX_CHARACTERS": "only the lengths of longer texts are known to the checker",
    "budget:MAX_NODES": "larger examples are not tried",
    "regex.languages": "sets of texts that are larger are unknown to the checker",
    "regex.translation": "patterns that are larger are unknown to the checker",
    "regex.expressions": "patterns that are larger are unknown to the checker",
    "regex.examples": "texts that the checker tries",
    "regex.automaton:MAX_REMEMBERED": "what is not remembered is found again",
    "regex.iregexp:MAX_LENGTH": "a longer pattern of a payload matches nothing, as one that is no pattern",
    "regex.reading:_MAX_COUNT": "no text has so many characters",
    "schemas.questions:_MAX_HOPS": "what lies beyond is unknown to the checker",
    "schemas.questions:_MAX_DOCUMENTS": "what is not remembered is found again",
    "arrow": "beyond it a member is JSON text in another column, or the next batch begins",
    "authoring": "a draft is guessed from fewer bodies and fields",
    "interpreter.tracing": "what is shown",
    "receiver": "a request beyond it gets a status of HTTP, see tests/receiver/test_hostile_requests.py",
    "cli.trace": "what is shown",
    "cli.watching": "how long a change of files is waited for",
    "cli.run:MAX_JOBS": "a number on the command line",
    "codegen": "how code is written: it means the same beyond",
    "expressions.liquid.template_lowering:_LONGEST_CHAIN": "the library evaluates what is longer",
    "runtime.limits:MAX_LOWERED_TAGS": "the library evaluates what nests deeper",
    "runtime.limits:MAX_LOWERED_LOOPS": "the library evaluates what nests deeper",
    "runtime.limits:MAX_NESTING": "the most that `Limits.nesting` may be",
    "runtime.limits:MAX_EVENT_DEPTH": "the sum of the limits of an item and of a mapping",
    "diagnostics.render": "what is shown",
    "samples.differences": "what is shown",
    "language.yaml_faults": "what is shown",
    "language.look_alikes": "what is shown",
    "transform.no_items": "what is shown",
    "transform.other_formats": "what is shown: the advice for a body that cannot be read",
    "runtime.schema.validation:MAX_VIOLATIONS": "what is shown",
    "runtime.schema.validation:_MAX_ABSENT": "what is shown",
    "runtime.schema.keywords:_MAX_STACKS": "beyond it the same judgement takes another way",
    "runtime.digits:_FEW": "digits that Python reads under any setting",
    "runtime.digits:_FEW_RANGE": "the largest number of as many digits",
    "runtime.json": "beyond it the same answer takes another way",
    "runtime.liquid.arithmetic:_EXACT": "beyond it the same answer takes another way",
    "transform.rejections:_EXACT": "a word of advice",
    "transform.result_table:MAX_ROWS": "what is shown",
    "expressions.liquid.template_faults:_MAX_DIGITS": "what is shown",
    "runtime.growth:FEW": "smaller events are not measured",
    "runtime.work": "how work is counted",
    "ir.text_work:_MAX_PENDING": "how work is counted",
    "runtime.liquid.filters.texts:_MAX_WORDS": "as many words are the whole text",
    "spark.partitions:MAX_OPENED": "what is not kept is opened again",
    "streams.batch_mapper": "how much is handed over at once",
    "streams.item_lines": "beyond it a body is kept once, not in each line",
    "transform.chunks": "how much is read at once",
    "transform.narrow_path": "when the narrow path is worth its start",
}


def test_every_limit_has_an_input() -> None:
    assert [*SETTINGS] == [field.name for field in fields(Limits)]


def test_every_constant_that_bounds_an_input_has_a_row() -> None:
    given = {row.constant for row in FIXED.values() if "DEFAULT." not in row.constant}
    parts = {name: _parts(name) for name in _constants()}
    assert {name for name, parts_of_name in parts.items() if not parts_of_name & INTERNAL.keys()} == given
    assert INTERNAL.keys() <= set().union(*parts.values())


def _parts(name: str) -> set[str]:
    """The name, and those of its module and of the folders around it."""
    return {name, *(name[: found.start()] for found in re.finditer(r"[.:]", name))}


def _constants() -> set[str]:
    """The constants of all modules whose names are those of limits, as `room.module:NAME`."""
    found = set()
    for path in (ROOT / "mapper").rglob("*.py"):
        module = ".".join(path.relative_to(ROOT / "mapper").with_suffix("").parts).removesuffix(".__init__")
        found |= {f"{module}:{name}" for name in _OF_A_LIMIT.findall(path.read_text("utf-8"))}
    return found


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] * given.is_slow) for name, given in INPUTS.items()]
)
def test_an_input_just_within_a_limit_and_one_beyond_it(name: str) -> None:
    given = INPUTS[name]
    within = given.trial(WITHIN)
    assert within.prepared()() == ""
    if name in SETTINGS:
        lower = Limits(**{name: int(given.limit * REACHED)})
        assert given.code in within.prepared(lower)().split(), "it reaches four fifths of the limit"
    assert given.code in given.trial(BEYOND).prepared()().split()
