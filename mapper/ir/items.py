"""Items of a program: what it takes as an item."""

from __future__ import annotations

from typing import Any

from mapper import ir
from mapper.schemas.questions import allows_type


def takes_objects_only(program: ir.Program, source: Any | None) -> bool:
    """True if an item that is not an object is rejected at once (M604).

    `source` is the JSON Schema of an item. An item of another type is expected if this schema allows one or,
    without a schema, if the program reads the item as a whole (`$`).
    """
    if source is None:
        return not any(_is_whole_item(node) for node in ir.walk(program))
    return not any(
        allows_type(source, source, name) for name in ("null", "boolean", "number", "string", "array")
    )


def _is_whole_item(node: object) -> bool:
    match node:
        case ir.Path(ir.Root.ITEM, ()) | ir.Lookup("item", ()):
            return True
        case _:
            return False
