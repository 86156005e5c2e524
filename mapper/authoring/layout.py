"""Layout: a JSON document for people, each object on one line if it fits."""

from __future__ import annotations

import json

WIDTH = 100


def lay_out(value: object) -> str:
    """The document as JSON text that ends in a line feed."""
    return _lay_out(value, 0) + "\n"


def _lay_out(value: object, indent: int) -> str:
    # Half of a surrogate pair, which a name may be, can only be written as an escape.
    line = json.dumps(value, ensure_ascii=False)
    line = line if line.isprintable() else json.dumps(value)
    if len(line) + indent <= WIDTH or not isinstance(value, dict | list) or not value:
        return line
    inner, outer = " " * (indent + 2), " " * indent
    if isinstance(value, dict):
        parts = [f"{json.dumps(name)}: {_lay_out(part, indent + 2)}" for name, part in value.items()]
        brackets = "{}"
    else:
        parts = [_lay_out(part, indent + 2) for part in value]
        brackets = "[]"
    return f"{brackets[0]}\n{inner}" + f",\n{inner}".join(parts) + f"\n{outer}{brackets[1]}"
