"""Text filters at run time.

They do what python-liquid's do, except those whose results grew without bound or printed Python.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode

from mapper.runtime.limits import active
from mapper.runtime.liquid.number_filters import whole
from mapper.runtime.liquid.semantics import to_text, too_long

_BLOCKS = {"<script": "</script>", "<!--": "-->", "<style": "</style>"}
_TAGS = {"<": ">"}
_LINE_END = re.compile(r"\r?\n")
_WHITE_SPACE = re.compile(r"\s+")
# What could end a text in a script, as `\u` escapes.
_SCRIPT_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(32), *map(ord, "\\'\"><&=-;`\u2028\u2029"))}
_MOST_WORDS = (1 << 31) - 1  # of as many the library leaves the text as it is


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


def capitalize(value: str) -> str:
    """The first character in upper case, the others in lower case."""
    return value.capitalize()


def downcase(value: str) -> str:
    """The text in lower case."""
    return value.lower()


def upcase(value: str) -> str:
    """The text in upper case."""
    return value.upper()


def strip(value: str) -> str:
    """The text without white space around it."""
    return value.strip()


def lstrip(value: str) -> str:
    """The text without white space before it."""
    return value.lstrip()


def rstrip(value: str) -> str:
    """The text without white space after it."""
    return value.rstrip()


def squish(value: str) -> str:
    """The text without white space around it, and with one blank for each stretch of it inside."""
    return _WHITE_SPACE.sub(" ", value.strip())


def strip_newlines(value: str) -> str:
    """The text without line ends."""
    return _LINE_END.sub("", value)


def newline_to_br(value: str) -> str:
    """The text with `<br />` before each line end."""
    return _LINE_END.sub("<br />\n", value)


def truncate(value: str, num: object = 50, end: object = "...") -> str:
    """The text, cut to some characters together with its new end."""
    length, ending = _length(num), to_text(end)
    return value if len(value) < length else value[: length - len(ending)] + ending


def truncatewords(value: str, num: object = 15, end: object = "...") -> str:
    """The first words of a text, one at least, with an end if there are as many or more."""
    count, ending = max(_length(num), 1), to_text(end)
    if count >= _MOST_WORDS:
        return value
    words = value.split()
    return " ".join(words) if len(words) < count else " ".join(words[:count]) + ending


def _length(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise TypeError("expected a whole number")
    return whole(given)


def escape(value: str) -> str:
    """The text for use in HTML."""
    import html

    return html.escape(value)


def escape_once(value: str) -> str:
    """The text for use in HTML; what is escaped already stays so."""
    import html

    return html.escape(html.unescape(value))


def escapejs(value: str) -> str:
    """The text for use in a literal of JavaScript."""
    return value.translate(_SCRIPT_ESCAPES)


def url_encode(value: str) -> str:
    """The text for use in the query of a URL."""
    from urllib.parse import quote_plus

    return quote_plus(value)


def url_decode(value: str) -> str:
    """The text that a part of a query stands for."""
    from urllib.parse import unquote_plus

    return unquote_plus(value)


def base64_encode(value: str) -> str:
    """The text as base64 of its UTF-8."""
    return b64encode(value.encode()).decode()


def base64_decode(value: str) -> str:
    """The text whose UTF-8 is given as base64."""
    return b64decode(value).decode()


def base64_url_safe_encode(value: str) -> str:
    """The text as base64 of its UTF-8, for use in a URL."""
    return urlsafe_b64encode(value.encode()).decode()


def base64_url_safe_decode(value: str) -> str:
    """The text whose UTF-8 is given as base64 for use in a URL."""
    return urlsafe_b64decode(value).decode()
