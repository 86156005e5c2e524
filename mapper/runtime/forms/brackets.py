"""Brackets: names such as `user[id]` and `tags[]` nest the fields of a form, as PHP, Rack and qs read them.

- `a[b]` is the member `b` of the object `a`.
- `a[]` is the next element of the list `a`.
- `a[0]`, `a[1]`, ... are the elements of a list if the names inside `a` are exactly the numbers from 0 on,
  each once: so do PHP, qs and jQuery write a list. Any other numbers are names of members: they are mostly
  ids, and a list would lose them.
- A name of another form (`a[b`, `[a]`, `a]`) is a name as it is.

If the libraries would not agree on the meaning, the form is refused.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from mapper.runtime.forms.pairs import FormFault

_ONE_READING = "a sender of such a form means one thing, and libraries read another"


@dataclass(slots=True)
class _Branch:
    """An object or list in the making: `elements` once a name with `[]` has led here.

    `rest` are the names behind that `[]`.
    """

    members: dict[str, object] = field(default_factory=dict)
    elements: list[object] | None = None
    rest: tuple[str, ...] = ()


def nest(pairs: Iterable[tuple[str, object]], max_depth: int, max_values: int) -> dict[str, object]:
    """The object of a form whose names nest; of several values of one name the last wins.

    Raises FormFault: M606 if a name has more levels than `max_depth`, M608 if the names make more objects and
    lists than `max_values`, M628 if two names contradict each
    other.
    """
    root, made = _Branch(), list[_Branch]()
    for name, value in pairs:
        keys = (
            _keys(name, max_depth) if type(name) is str else None
        )  # a host may parse names that are no text
        if keys is None:
            _put(root, name, value, name)
            continue
        branch = _enter(root, keys[0], name, made)
        for position, key in enumerate(keys[1:-1], start=2):
            branch = _enter(branch, key, name, made, keys[position:])
        if len(made) > max_values:
            raise FormFault("M608", f"has names for more than {max_values:,} objects and lists")
        _put(branch, keys[-1], value, name, is_inner=True)
    return _build(root)


def _keys(name: str, max_depth: int) -> tuple[str, ...] | None:
    """The names of all levels of `a[b][c]`; None for a name of another form."""
    first, _, rest = name.partition("[")
    inner = rest[:-1]
    if not first or "]" in first or rest[-1:] != "]" or any(mark in inner.replace("][", "") for mark in "[]"):
        return None
    if inner.count("][") + 2 > max_depth:
        raise FormFault("M606", f"nests deeper than {max_depth} levels", name=name)
    return first, *inner.split("][")


def _enter(branch: _Branch, key: str, name: str, made: list[_Branch], rest: tuple[str, ...] = ()) -> _Branch:
    """The branch inside a branch at a key, which is begun if it is not there, and noted in `made`."""
    inner = _Branch()
    if rest and not key:
        made.append(inner)
        _append(branch, inner, rest, name)
        return inner
    found = _members(branch, name).setdefault(key, inner)
    if found is inner:
        made.append(inner)
    if not isinstance(found, _Branch):
        raise _contradiction(name)
    return found


def _put(branch: _Branch, key: str, value: object, name: str, *, is_inner: bool = False) -> None:
    if is_inner and not key:
        _append(branch, value, (), name)
        return
    members = _members(branch, name)
    if isinstance(members.get(key), _Branch):
        raise _contradiction(name)
    members[key] = value


def _members(branch: _Branch, name: str) -> dict[str, object]:
    if branch.elements is not None:
        raise _contradiction(name)
    return branch.members


def _append(branch: _Branch, value: object, rest: tuple[str, ...], name: str) -> None:
    """Append an element. Behind `a[]`, all names must be the same.

    Of `a[][b]=1&a[][c]=2`, Rack makes one element and PHP makes two.
    """
    if branch.members:
        raise _contradiction(name)
    if branch.elements is None:
        branch.elements, branch.rest = [], rest
    elif branch.rest != rest:
        message = "may belong to the element before it or begin another one"
        raise FormFault("M628", message, "have the elements sent with numbers: `a[0][b]`, `a[0][c]`", name)
    branch.elements.append(value)


def _contradiction(name: str) -> FormFault:
    message = "contradicts a field before it: one name cannot be a text, an object and a list"
    return FormFault("M628", message, _ONE_READING, name)


def _build(root: _Branch) -> dict[str, object]:
    """The objects and lists of branches; without recursion, because names may nest deep."""
    result: dict[str, object] = dict(root.members)
    waiting: list[Any] = [result]
    while waiting:
        made = waiting.pop()
        for key, value in _places(made):
            if isinstance(value, _Branch):
                made[key] = _content(value)
                waiting.append(made[key])
    return result


def _places(made: dict[str, object] | list[object]) -> list[tuple[Any, object]]:
    return list(made.items()) if isinstance(made, dict) else list(enumerate(made))


def _content(branch: _Branch) -> dict[str, object] | list[object]:
    if branch.elements is not None:
        return branch.elements
    numbers = [str(number) for number in range(len(branch.members))]
    if all(number in branch.members for number in numbers):
        return [branch.members[number] for number in numbers]
    return branch.members
