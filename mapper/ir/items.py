"""Items of a program: what it takes as an item."""

from __future__ import annotations

from typing import Any

from mapper import ir
from mapper.runtime.liquid.filters import ROWS
from mapper.schemas.questions import allows_type


def takes_objects_only(program: ir.Program, source: Any | None) -> bool:
    """True if an item that is not an object is rejected at once (M604).

    `source` is the JSON Schema of an item. An item of another type is expected if this schema allows one or,
    without a schema, if the program reads the item as a whole (`$`). A digest of the whole item reads it as
    an id, whatever it is, and shows nothing of its type.
    """
    if source is None:
        return not _reads_whole_item(program)
    return not any(
        allows_type(source, source, name) for name in ("null", "boolean", "number", "string", "array")
    )


def _reads_whole_item(program: ir.Program) -> bool:
    waiting: list[object] = [program]
    while waiting:
        match node := waiting.pop():
            case ir.Path(ir.Root.ITEM, ()) | ir.Lookup("item", ()):
                return True
            case ir.Hash():
                pass
            case ir.FilterCall(name=name) if ROWS[name].is_digest:
                pass
            case ir.MapItems(source) | ir.WithItem(source):
                waiting.append(source)  # the item of the rest is another value
            case _:
                waiting.extend(ir.parts_of(node))
    return False
