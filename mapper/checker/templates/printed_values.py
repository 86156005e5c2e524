"""Printed values: the kinds of value of a type, each with the texts that it is printed as."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeAlias

from mapper.checker.inference.printing import printed_parts
from mapper.checker.inference.text_filters import json_numerals, scalar_json
from mapper.checker.types import Type, only
from mapper.checker.types.text_languages import language_of
from mapper.regex.languages import Language

Part: TypeAlias = tuple[str, Language]


def parts_of(value: Type) -> Iterator[Part]:
    """The kinds of value, each with its texts; the JSON of lists and objects is not among them."""
    for kind, texts in printed_parts(value):
        if texts.json is None:
            yield kind, language_of(texts)
        else:
            yield from _json_parts(texts.json)


def _json_parts(written: Type) -> Iterator[Part]:
    if written.numbers is not None:
        yield "a number", json_numerals(written.numbers)
    texts = scalar_json(only(written, *(written.kinds - {"number"})))
    if not texts.is_none:
        yield "a text", texts


def json_kinds(value: Type) -> frozenset[str]:
    """The types of JSON it can be printed as whole."""
    kinds = {"object"} if value.objects else set()
    if value.texts is not None and value.texts.json is not None:
        kinds |= value.texts.json.kinds & {"array", "object"}
    return frozenset(kinds)
