"""Text filters at run time: those of the library's whose results grew without bound or printed Python."""

from __future__ import annotations

import re

from mapper.runtime.limits import active
from mapper.runtime.text import to_text, too_long

_BLOCKS = {"<script": "</script>", "<!--": "-->", "<style": "</style>"}
_TAGS = {"<": ">"}


def room_for(size: int) -> None:
    """Raise Fault M620 before a text of that size is made, where it is too long."""
    if size > active().text_length:
        too_long(-1)


def append(value: str, end: object) -> str:
    """The text with another after it."""
    return value + to_text(end)


def prepend(value: str, start: object) -> str:
    """The text with another before it."""
    return to_text(start) + value


def remove(value: str, part: object) -> str:
    """The text without any of the parts."""
    return value.replace(to_text(part), "")


def remove_first(value: str, part: object) -> str:
    """The text without the first of the parts."""
    return value.replace(to_text(part), "", 1)


def remove_last(value: str, part: object) -> str:
    """The text without the last of the parts."""
    return _replace_last(value, to_text(part), "")


def replace(value: str, part: object, by: object = "") -> str:
    """The text with all parts replaced, literally."""
    old, new = to_text(part), to_text(by)
    room_for(len(value) + value.count(old) * (len(new) - len(old)))
    return value.replace(old, new)


def replace_first(value: str, part: object, by: object = "") -> str:
    """The text with the first of the parts replaced."""
    return value.replace(to_text(part), to_text(by), 1)


def replace_last(value: str, part: object, by: object) -> str:
    """The text with the last of the parts replaced."""
    return _replace_last(value, to_text(part), to_text(by))


def _replace_last(value: str, part: str, by: str) -> str:
    at = value.rfind(part)
    return value if at < 0 else value[:at] + by + value[at + len(part) :]


def split(value: str, separator: object) -> list[str]:
    """The pieces between separators; single characters where the separator is empty."""
    between = to_text(separator)
    if not between:
        return list(value)
    if not value or value == between:
        return []
    return value.split(None if between == " " else between)


def strip_html(value: str) -> str:
    """The text without scripts, styles, comments and tags, as the reference implementation finds them."""
    return _without(_without(value, _BLOCKS), _TAGS)


def _without(value: str, pairs: dict[str, str]) -> str:
    # In linear time: a closing mark that is not there is looked for once.
    opening = re.compile("|".join(map(re.escape, pairs)))
    kept: list[str] = []
    position = search = 0
    missing: set[str] = set()
    while found := opening.search(value, search):
        closing = pairs[found.group()]
        end = -1 if closing in missing else value.find(closing, found.end())
        if end < 0:
            missing.add(closing)
            search = found.end()
            if len(missing) == len(pairs):
                break
            continue
        kept.append(value[position : found.start()])
        position = search = end + len(closing)
    return "".join(kept) + value[position:]
