"""Headers: the request headers that a mapping, or a part of one, reads."""

from __future__ import annotations

from mapper import ir
from mapper.ir.liquid import walk_with_vars

_SCOPE = "header"  # the name of the headers in Liquid


def headers_read(part: object) -> frozenset[str] | None:
    """The headers, in lower case, that a program or a node of it reads; None if that may be any."""
    names: set[str] = set()
    for node in walk_with_vars(part):
        match node:
            case ir.FromRequest(ir.RequestPart.HEADER, name):
                names.add(name.lower())
            case ir.Lookup(name, (str(key), *_), var=None) if name == _SCOPE and key not in ir.SPECIAL_KEYS:
                names.add(key.lower())
            case ir.Lookup(name, var=None) if name == _SCOPE:
                return None
            case ir.Template(text, None) | ir.Condition(text, None) | ir.Compute(text, None) if (
                _SCOPE in text
            ):
                return None
            case ir.Template(partials=partials) if any(_SCOPE in text for _, text in partials):
                return None
    return frozenset(names)
