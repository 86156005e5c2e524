"""Schemas that tests build from documents."""

from __future__ import annotations

import json
from typing import Any

from mapper.diagnostics.source import SourceFile
from mapper.schemas.schema import Schema


def schema_from(document: dict[str, Any], name: str = "source.schema.json") -> Schema:
    """The schema as if read from a file: schemas are equal if their names and texts are."""
    return Schema(name, document, SourceFile(name, json.dumps(document)))
