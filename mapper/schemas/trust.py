"""Trust: a JSON Schema that was inferred from samples promises nothing; this tells such a schema.

A schema of `mapper infer` says so. Other tools that make schemas of samples leave marks: one names no draft
in `$schema` (`mapper.schemas.drafts`); one writes definitions that are closed, have their name as title, and
are reached by a reference at the top.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

INFERRED = "x-inferred"
_COUNT = re.compile(r"[0-9,]+ samples?").fullmatch


def samples_of(document: Mapping[str, Any]) -> str:
    """The samples a schema was inferred from in words, as `812 samples`; empty if it is not inferred."""
    said = document.get(INFERRED)
    if isinstance(said, str) and _COUNT(said):
        return said
    return "its samples" if said or _is_closed_and_titled(document) else ""


def _is_closed_and_titled(document: Mapping[str, Any]) -> bool:
    definitions = document.get("definitions")
    if not isinstance(definitions, dict) or not str(document.get("$ref", "")).startswith("#/definitions/"):
        return False
    objects = [
        (name, one)
        for name, one in definitions.items()
        if isinstance(one, dict) and one.get("type") == "object"
    ]
    return bool(objects) and all(
        one.get("title") == name and "properties" in one and one.get("additionalProperties") is False
        for name, one in objects
    )
