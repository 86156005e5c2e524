"""No items: the words for a body in which no path of `each` selects anything."""

from __future__ import annotations

from itertools import islice

from mapper.diagnostics.render.visible import shown
from mapper.runtime.items import Alternative, Step
from mapper.runtime.json.locations import write_location
from mapper.runtime.json.types import in_words, type_of
from mapper.transform.rejections import reject
from mapper.transform.result import Rejected

_MAX_KEYS = 10  # of a body that are named
_KINDS = {"all": "[*]", "elements": "[:]"}


def reject_without_items(alternatives: tuple[Alternative, ...], body: object, item: object) -> Rejected:
    """The rejection of a body without items (M603): the places that were tried, and the type of the body.

    The names of its members are no values: they are shown, a few of them, shortened.
    """
    places = [f"`{_write(steps)}`" for steps in alternatives if not callable(steps)]
    if len(places) < len(alternatives):
        places.append("a path with a filter or `..`")
    message = f"the body has none of the places `each` names: {', '.join(places)}; it {_describe(body)}"
    return reject(0, "$", "M603", message, item)


def _write(steps: tuple[Step, ...]) -> str:
    """The path of an alternative."""
    return "$" + "".join(_KINDS.get(kind) or write_location(given)[1:] for kind, *given in steps)


def _describe(body: object) -> str:
    if not isinstance(body, dict):
        is_known = body is None or isinstance(body, list | str | int | float)
        return f"is {in_words([type_of(body)])}" if is_known else "is not an object"
    if not body:
        return "is an object without keys"
    names = [name for name in islice(dict.__iter__(body), _MAX_KEYS) if isinstance(name, str)]
    listed = ", ".join(f"`{shown(name)}`" for name in names)
    return f"has the keys {listed}{', …' if len(body) > len(names) else ''}"
