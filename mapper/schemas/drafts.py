"""Drafts: a JSON Schema of an earlier draft becomes one of 2020-12, as far as both can say the same.

Tools that make schemas of samples still write drafts 4 to 7. A keyword that 2020-12 ignores, or that has
another form there, is refused where the schema is loaded.
"""

from __future__ import annotations

import re
from typing import Any

from mapper.schemas.questions import subschemas
from mapper.schemas.trust import INFERRED

DIALECT = "https://json-schema.org/draft/2020-12/schema"
_EARLIER = re.compile(r"https?://json-schema\.org/(?:draft-0[467]/|draft/2019-09/)?schema#?").fullmatch
# 2019-09 was the first draft that reads what stands beside `$ref`.
_READS_SIBLINGS = re.compile(r".*/2019-09/").match
# Only a tool that makes schemas of samples writes an address without a draft.
_NO_DRAFT = re.compile(r"https?://json-schema\.org/schema#?").fullmatch
_BESIDE_REFERENCE = ("$schema", "$id", "$ref", "$comment", "title", "description", "definitions", "$defs")


def is_readable(dialect: object) -> bool:
    """True if a `$schema` names 2020-12, or an earlier draft since 4."""
    return isinstance(dialect, str) and (dialect.rstrip("#") == DIALECT or _EARLIER(dialect) is not None)


def modernize(document: dict[str, Any]) -> None:
    """Make a document, in place, one of 2020-12; its `$schema` is readable."""
    dialect = document.get("$schema", DIALECT)
    if dialect.rstrip("#") == DIALECT:
        return
    document["$schema"] = DIALECT
    if _NO_DRAFT(dialect):
        document.setdefault(INFERRED, True)
    if _READS_SIBLINGS(dialect):
        return
    for _, node in subschemas(document):
        if isinstance(node, dict) and "$ref" in node:
            for keyword in node.keys() - {*_BESIDE_REFERENCE}:
                del node[keyword]
