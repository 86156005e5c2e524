"""Names after a dot: which ones the shorthand takes (RFC 9535 §2.5.1.1), and how to quote the others."""

from __future__ import annotations

import re

from mapper.diagnostics.source import SpannedText
from mapper.expressions.jsonpath.path_faults import PathFault, cut

_FIRST = r"A-Za-z_\x80-\ud7ff\ue000-\U0010ffff"
NAME = rf"[{_FIRST}][{_FIRST}0-9]*"

_BLANKS = " \t\n\r"
_ODD_OUTSIDE = re.compile(r"[^.\[\]|`\n\r]*")
_ODD_IN_FILTER = re.compile(r"""[^.\[\]'"()=<>!&|?*,`~\s]*""")
# Names with an at sign are those of OData, which have dots inside (`@odata.next`, `user@odata.bind`).
_DOTS_INSIDE = re.compile(r"(?:\.[^.\[\]|`\s]+)+")
_OPERATOR = re.compile(r"\s(?:[-+/%*&=<>~,]+|where(?:not)?)(?:\s|$)|[-+/%*&]\s*\$")
_FOLLOWS_OUTSIDE = re.compile(r"[ \t\n\r]*(?:[.\[]|$)")
_FOLLOWS_IN_FILTER = re.compile(r"[ \t\n\r]*(?:[.\[\])=!<>&|,]|$)")


def quote_name(name: str) -> str:
    """`name` as a bracketed name selector that is safe to paste: `['it\\'s']`."""
    pieces = []
    for character in name:
        if character in "'\\":
            pieces.append("\\" + character)
        elif character < " " or "\ud800" <= character <= "\udfff":
            pieces.append(f"\\u{ord(character):04x}")
        else:
            pieces.append(character)
    return "['" + "".join(pieces) + "']"


def is_shorthand(name: str) -> bool:
    """True if `name` can follow a dot without quotes."""
    return re.fullmatch(NAME, name) is not None


def check_follower(text: SpannedText, dot: int, start: int, end: int, inside: bool) -> None:
    """Refuse a shorthand name that goes on with characters the shorthand does not take (`insert-id`)."""
    if (_FOLLOWS_IN_FILTER if inside else _FOLLOWS_OUTSIDE).match(text.value, end):
        return
    odd_end = _odd_end(text.value, start, inside)
    rest = text.value[end:odd_end]
    if rest.strip(_BLANKS) and not _OPERATOR.search(rest):
        raise _needs_quotes(text, dot, start, odd_end)


def dot_fault(text: SpannedText, dot: int, start: int, inside: bool) -> PathFault:
    """The fault of dots at `dot` without a name after them; the name should begin at `start`."""
    dots = text.part(dot, start)
    rest = text.value[start:]
    if not rest:
        return PathFault("the path ends with a dot", dots, "a name must follow", "leave the dot out")
    if rest[0] in _BLANKS:
        return PathFault("a blank after a dot", text.part(start, start + 1), "the name follows at once")
    if rest[0] == "[":
        hint = f"write `{cut(text.value[:dot] + rest, 60)}`"
        return PathFault("a dot before a bracket", dots, "the bracket stands alone", hint)
    if rest[0] in "'\"":
        hint = "write `['...']`, without the dot"
        return PathFault("a quoted name after a dot", dots, "quoted names stand in brackets", hint)
    odd_end = _odd_end(text.value, start, inside)
    if odd_end > start:
        return _needs_quotes(text, dot, start, odd_end)
    label = "a name, `*` or (after two dots) `[` must follow"
    return PathFault("no name after a dot", text.part(dot, start + 1), label)


def _odd_end(value: str, start: int, inside: bool) -> int:
    """The end of the characters that were probably meant as one name."""
    match = (_ODD_IN_FILTER if inside else _ODD_OUTSIDE).match(value, start)
    return start + len(match.group().rstrip(_BLANKS)) if match else start


def _needs_quotes(text: SpannedText, dot: int, start: int, end: int) -> PathFault:
    name = text.value[start:end]
    hint = f"quote it: `{_quoted_in_path(text, dot, start, end)}`"
    dotted = _DOTS_INSIDE.match(text.value, end) if "@" in name else None
    if dotted is not None:
        whole = _quoted_in_path(text, dot, start, dotted.end())
        hint = (
            f"quote it: `{whole}`, or `{_quoted_in_path(text, dot, start, end)}` if the name ends at the dot"
        )
        name, end = text.value[start : dotted.end()], dotted.end()
    message = f"the name `{cut(name, 60)}` needs quotes"
    label = "the dot takes letters, digits and `_`, not beginning with a digit"
    return PathFault(message, text.part(start, end), label, hint, "M202")


def _quoted_in_path(text: SpannedText, dot: int, start: int, end: int) -> str:
    """The path with the name from `start` to `end` quoted; of a long path only that name."""
    name, descent = text.value[start:end], ".." if start - dot == 2 else ""
    fixed = text.value[:dot] + descent + quote_name(name) + text.value[end:]
    return fixed if len(fixed) <= 100 else descent + quote_name(name[:60])
