"""Inferred schema: observations become a JSON Schema (2020-12) that says how far it can be trusted.

`x-` keywords carry what was seen; no other tool gives them a meaning:

- `x-inferred`, at the top: `812 samples`;
- `x-seen`: `812/1000`, in how many of the objects around it a field was there;
- `x-types`: the number of values of each type, if there are several; `x-blank`: that of blank texts;
- `x-form`: the form of all texts or numbers (`mapper.authoring.text_forms`), also if it is not promised.
"""

from __future__ import annotations

from typing import Any

from mapper.authoring.observations import Observed, SeenTexts
from mapper.authoring.privacy import are_constants, may_list
from mapper.authoring.text_forms import EPOCH_UNITS, FIRST_SECOND, LAST_SECOND, TEXT_FORMS, epoch_of
from mapper.diagnostics.render.summary import counted
from mapper.schemas.trust import INFERRED

DIALECT = "https://json-schema.org/draft/2020-12/schema"
ENOUGH = 20  # samples, from which on something is said to be always so: fewer may be so by chance
MAX_LISTED = 12  # constants of an `enum`
LEAST_REPEATS = 5  # values for each constant, on average

Document = dict[str, Any]


def schema_of(root: Observed, required_from: int = ENOUGH) -> Document:
    """The schema of the items that were observed.

    A field is required if every object around it had it, and there were `required_from` of them, never fewer
    than ENOUGH.
    """
    writer = _Writer(max(required_from, ENOUGH))
    return {
        "$schema": DIALECT,
        INFERRED: counted(root.count, "sample"),
        **writer.schema(root, ()),
    }


class _Writer:
    def __init__(self, required_from: int) -> None:
        self._required_from = required_from

    def schema(self, node: Observed, names: tuple[str, ...]) -> Document:
        """The schema of a place; `names` are those of the fields that lead to it."""
        types = _types(node)
        known = [kind for kind in types if kind != "null"]
        found: Document = {}
        if known:  # of a field that was always null, nothing is known
            found["type"] = list(types) if len(types) > 1 else known[0]
        of_texts = (
            self._texts(node.texts, known == ["string"], "null" in types, names) if node.texts.count else {}
        )
        of_numbers = self._numbers(node) if node.numbers.count else {}
        if of_texts.get("x-form") != of_numbers.get("x-form") and node.texts.count and node.numbers.count:
            of_texts.pop("x-form", None)
            of_numbers.pop("x-form", None)
        found |= of_texts | of_numbers
        if node.objects:
            found |= self._members(node, names)
        if node.elements is not None:
            found["items"] = self.schema(node.elements, names)
        if len(types) > 1 or not known:
            found["x-types"] = types
        if node.texts.blank:
            found["x-blank"] = node.texts.blank
        return found

    def _texts(self, texts: SeenTexts, is_alone: bool, may_be_null: bool, names: tuple[str, ...]) -> Document:
        constants = _constants(texts, names) if is_alone else ()
        if constants:
            return {"enum": [*constants, *([None] if may_be_null else [])]}
        if not texts.forms or texts.blank == texts.count:
            return {}
        form, solid = texts.forms[0], texts.count - texts.blank
        # Digits alone may be chance; a date-time, a UUID or an address hardly ever is.
        is_certain = "format" in TEXT_FORMS[form].keywords or solid >= ENOUGH
        keywords = TEXT_FORMS[form].keywords if is_certain and not texts.blank else {}
        return {**keywords, "x-form": form}

    def _numbers(self, node: Observed) -> Document:
        form = epoch_of(node.numbers.low, node.numbers.high)
        if not form:
            return {}
        unit = EPOCH_UNITS[form]
        bounds = {"minimum": FIRST_SECOND * unit, "maximum": (LAST_SECOND + 1) * unit - 1}
        return {**(bounds if node.numbers.count >= ENOUGH else {}), "x-form": form}

    def _members(self, node: Observed, names: tuple[str, ...]) -> Document:
        if node.is_like_a_map:
            node.become_map()
        found: Document = {}
        if node.members:
            found["properties"] = {
                name: {**self.schema(member, (*names, name)), "x-seen": f"{member.count}/{node.objects}"}
                for name, member in node.members.items()
            }
        if node.objects >= self._required_from:
            always = [name for name, member in node.members.items() if member.count == node.objects]
            if always:
                found["required"] = always
        if node.others is not None:
            found["additionalProperties"] = self.schema(node.others, names)
        return found


def _types(node: Observed) -> dict[str, int]:
    """The number of values of each JSON type that was seen, in the words of JSON Schema."""
    numbers = node.numbers
    counts = {
        "string": node.texts.count,
        "integer": 0 if numbers.floats else numbers.integers,
        "number": numbers.count if numbers.floats else 0,
        "boolean": node.booleans,
        "object": node.objects,
        "array": node.arrays,
        "null": node.nulls,
    }
    return {name: count for name, count in counts.items() if count}


def _constants(texts: SeenTexts, names: tuple[str, ...]) -> tuple[str, ...]:
    """The texts of a field in order, if they are several but few, repeat, and are harmless; else none.

    Each was seen twice or more often. One text alone says nothing of the next one.
    """
    constants = texts.constants
    if not constants or texts.blank or texts.count < ENOUGH or not may_list(names):
        return ()
    is_few = 1 < len(constants) <= MAX_LISTED and texts.count >= LEAST_REPEATS * len(constants)
    repeats = min(constants.values()) > 1
    return tuple(sorted(constants)) if is_few and repeats and are_constants(constants) else ()
