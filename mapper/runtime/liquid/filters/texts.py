"""Text filters: value and arguments are the texts that Liquid prints of them.

They do what python-liquid's do, except those whose results grew without bound or printed Python.
"""

from __future__ import annotations

import re
from base64 import b64decode, b64encode, urlsafe_b64decode, urlsafe_b64encode
from functools import partial, wraps

from mapper.runtime.blank import WHITE_SPACE
from mapper.runtime.forms.percents import unquoted
from mapper.runtime.limits import active
from mapper.runtime.liquid.filters.numbers import whole
from mapper.runtime.liquid.filters.row import (
    PRINTED,
    Effect,
    Fails,
    Function,
    Gives,
    bounded,
    make_row,
    room_for,
)
from mapper.runtime.liquid.semantics import to_text
from mapper.runtime.work import CALL, SHORT, meter, size_of, spend, spend_on_search

_BLOCKS = {"<script": "</script>", "<!--": "-->", "<style": "</style>"}
_TAG = re.compile("<[^>]*>")
_BREAK = "<br />\n"
_WHITE_SPACE = re.compile(f"[{WHITE_SPACE}]+")
_HTML = {"&": "&amp;", "<": "&lt;", ">": "&gt;", "'": "&#x27;", '"': "&quot;"}
# Characters that could end a text in a script, as `\u` escapes.
_SCRIPT_ESCAPES = {code: f"\\u{code:04X}" for code in (*range(32), *map(ord, "\\'\"><&=-;`\u2028\u2029"))}
# The text of each byte in a query, as `urllib.parse.quote_plus` writes it, in less memory.
_IN_QUERIES = ["+" if code == 32 else f"%{code:02X}" for code in range(256)]
for _code in b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-~":
    _IN_QUERIES[_code] = chr(_code)
CODED = 10  # units of a character of a text that is taken apart, beside those of any text
_MAX_WORDS = (1 << 31) - 1  # for as many or more the library leaves the text as it is


def _of_text(function: Function, count: Function | None = None) -> Function:
    # `count` counts what the filter takes beside the characters of its texts.
    @wraps(function)
    def call(value: object, *args: object) -> object:
        text = to_text(value)
        counting = meter()
        if counting is None:
            return bounded(function(text, *args))
        counting.spend(CALL + len(text) + sum(map(size_of, args)))
        if count is not None:
            count(text, *args)
        result = bounded(function(text, *args))
        counting.spend(size_of(result))
        return result

    return call


def _count_coded(text: str) -> None:
    spend(CODED * len(text))


def _count_searched(text: str, part: object, *_: object) -> None:
    spend_on_search(text, to_text(part))


def _of_steady_text(function: Function) -> Function:
    # The result is about as long as the value: it need not be measured.
    @wraps(function)
    def call(value: object) -> object:
        text = to_text(value)
        if len(text) >= SHORT:
            spend(2 * len(text))
        return function(text)

    return call


text_filter = partial(make_row, PRINTED, _of_text)
coded_filter = partial(make_row, PRINTED, partial(_of_text, count=_count_coded))
searched_filter = partial(make_row, PRINTED, partial(_of_text, count=_count_searched))
steady_filter = partial(make_row, PRINTED, _of_steady_text)


@steady_filter(Gives.CONTENT, ("aNN", "", "Ann"), "", effect=Effect.CAPITAL, method="capitalize")
def capitalize(value: str) -> str:
    """The first character in upper case, the others in lower case."""
    return value.capitalize()


@steady_filter(Gives.CONTENT, ("Ann", "", "ann"), "", effect=Effect.LOWER, method="lower")
def downcase(value: str) -> str:
    """The text in lower case."""
    return value.lower()


@steady_filter(Gives.CONTENT, ("Ann", "", "ANN"), "", effect=Effect.UPPER, method="upper")
def upcase(value: str) -> str:
    """The text in upper case."""
    return value.upper()


@steady_filter(Gives.CONTENT, (" a b ", "", "a b"), "", effect=Effect.TRIMMED, method="strip")
def strip(value: str) -> str:
    """The text without white space around it."""
    return value.strip(WHITE_SPACE)


@steady_filter(Gives.CONTENT, (" a b ", "", "a b "), "", effect=Effect.TRIMMED, method="lstrip")
def lstrip(value: str) -> str:
    """The text without white space before it."""
    return value.lstrip(WHITE_SPACE)


@steady_filter(Gives.CONTENT, (" a b ", "", " a b"), "", effect=Effect.TRIMMED, method="rstrip")
def rstrip(value: str) -> str:
    """The text without white space after it."""
    return value.rstrip(WHITE_SPACE)


@steady_filter(Gives.CONTENT, (" a \n b ", "", "a b"), "")
def squish(value: str) -> str:
    """The text without white space around it, and with one blank for each stretch of it inside."""
    return _WHITE_SPACE.sub(" ", value.strip(WHITE_SPACE))


@steady_filter(Gives.CONTENT, ("a\r\nb\n", "", "ab"), "", effect={"\n": "", "\r": None})
def strip_newlines(value: str) -> str:
    """The text without line ends."""
    return value.replace("\r\n", "").replace("\n", "")


@text_filter(Gives.CONTENT, ("a\nb", "", "a<br />\nb"), "", effect={"\n": "<br />\n", "\r": None})
def newline_to_br(value: str) -> str:
    """The text with `<br />` before each line end."""
    ends = value.count("\n")
    room_for(len(value) - value.count("\r\n") + ends * (len(_BREAK) - 1))
    return value.replace("\r\n", "\n").replace("\n", _BREAK)


@text_filter(Gives.CONTENT, ('<a b="1">', "", "&lt;a b=&quot;1&quot;&gt;"), "", effect=_HTML)
def escape(value: str) -> str:
    """The text for use in HTML."""
    room_for(len(value))
    import html

    return html.escape(value)


@coded_filter(Gives.CONTENT, ("1 < 2 &amp; 3", "", "1 &lt; 2 &amp; 3"), "", effect=Effect.UNMARKED)
def escape_once(value: str) -> str:
    """The text for use in HTML; parts that are escaped already stay so."""
    import html

    return html.escape(html.unescape(value))


@coded_filter(Gives.CONTENT, ("it's", "", r"it\u0027s"), "")
def escapejs(value: str) -> str:
    """The text for use in a literal of JavaScript."""
    room_for(len(value))
    return value.translate(_SCRIPT_ESCAPES)


@text_filter(Gives.APPENDED, ("a", '".png"', "a.png"), ".png")
def append(value: str, end: object) -> str:
    """The text with another after it."""
    return value + to_text(end)


@text_filter(Gives.PREPENDED, ("a", '"id-"', "id-a"), "id-")
def prepend(value: str, start: object) -> str:
    """The text with another before it."""
    return to_text(start) + value


@searched_filter(Gives.TEXT, ("banana", '"an"', "ba"), "", effect=Effect.REPLACED)
def remove(value: str, part: object) -> str:
    """The text without any of the parts."""
    return value.replace(to_text(part), "")


@searched_filter(Gives.TEXT, ("banana", '"an"', "bana"), "", effect=Effect.REPLACED_ONCE)
def remove_first(value: str, part: object) -> str:
    """The text without the first of the parts."""
    return value.replace(to_text(part), "", 1)


@searched_filter(Gives.TEXT, ("banana", '"an"', "bana"), "", effect=Effect.REPLACED_ONCE)
def remove_last(value: str, part: object) -> str:
    """The text without the last of the parts."""
    return _replace_last(value, to_text(part), "")


@searched_filter(Gives.TEXT, ("banana", '"a", "o"', "bonono"), "", effect=Effect.REPLACED)
def replace(value: str, part: object, by: object = "") -> str:
    """The text with all parts replaced, literally."""
    old, new = to_text(part), to_text(by)
    room_for(len(value) + value.count(old) * (len(new) - len(old)))
    return value.replace(old, new)


@searched_filter(Gives.TEXT, ("banana", '"a", "o"', "bonana"), "", effect=Effect.REPLACED_ONCE)
def replace_first(value: str, part: object, by: object = "") -> str:
    """The text with the first of the parts replaced."""
    return value.replace(to_text(part), to_text(by), 1)


@searched_filter(Gives.TEXT, ("banana", '"a", "o"', "banano"), "", effect=Effect.REPLACED_ONCE)
def replace_last(value: str, part: object, by: object) -> str:
    """The text with the last of the parts replaced."""
    return _replace_last(value, to_text(part), to_text(by))


def _replace_last(value: str, part: str, by: str) -> str:
    # `rfind` takes quadratic time, `find` does not.
    found = value[::-1].find(part[::-1])
    at = len(value) - found - len(part) if found >= 0 else -1
    return value if at < 0 else value[:at] + by + value[at + len(part) :]


@searched_filter(Gives.TEXTS, ("a,b", '","', "ab"), "")
def split(value: str, separator: object) -> list[str]:
    """The pieces between separators; single characters if the separator is empty."""
    between = to_text(separator)
    if not between:
        room_for(len(value))
        return list(value)
    if not value or value == between:
        return []
    # No more pieces than a list may have: together they would take many times the memory of the text.
    return value.split(None if between == " " else between, active().text_length)


@coded_filter(Gives.TEXT, ("<b>a</b><!-- x -->", "", "a"), "", effect=Effect.THINNED)
def strip_html(value: str) -> str:
    """The text without scripts, styles, comments and tags, as the reference implementation finds them."""
    text = _without_blocks(value)
    last = text.rfind(">") + 1  # behind it no `<` opens a tag, and to look for the end of each takes long
    return _TAG.sub("", text[:last]) + text[last:]


def _without_blocks(value: str) -> str:
    # In linear time: a closing mark that is not there is looked for once.
    closings = dict(_BLOCKS)
    kept: list[str] = []
    position = search = 0
    while closings and (found := re.compile("|".join(closings)).search(value, search)):
        closing = closings[found.group()]
        end = value.find(closing, found.end())
        if end < 0:
            del closings[found.group()]
            search = found.end()
            continue
        kept.append(value[position : found.start()])
        position = search = end + len(closing)
    return "".join(kept) + value[position:]


@text_filter(Gives.TEXT, ("Annabelle", "5", "An..."), "", fails=Fails.UNCOUNTED, effect=Effect.CUT)
def truncate(value: str, num: object = 50, end: object = "...") -> str:
    """The text, cut to some characters together with its new end."""
    length, ending = _length(num), to_text(end)
    return value if len(value) < length else value[: length - len(ending)] + ending


@text_filter(
    Gives.TEXT, ("one two three", "2", "one two..."), "", fails=Fails.UNCOUNTED, effect=Effect.CUT_WORDS
)
def truncatewords(value: str, num: object = 15, end: object = "...") -> str:
    """The first words of a text, at least one, with an end if there are as many or more."""
    count, ending = max(_length(num), 1), to_text(end)
    if count >= _MAX_WORDS:
        return value
    words = value.split(None, min(count, active().text_length))
    return " ".join(words) if len(words) < count else " ".join(words[:count]) + ending


def _length(given: object) -> int:
    if isinstance(given, bool) or not isinstance(given, str | int | float):
        raise TypeError("expected a whole number")
    return whole(given)


@coded_filter(Gives.CODED, ("a b&é", "", "a+b%26%C3%A9"), "", effect=Effect.URL)
def url_encode(value: str) -> str:
    """The text for use in the query of a URL."""
    room_for(len(value))
    return value.encode().decode("latin-1").translate(_IN_QUERIES)


@coded_filter(Gives.TEXT, ("a+b%26", "", "a b&"), "")
def url_decode(value: str) -> str:
    """The text that a part of a query means."""
    return unquoted(value, "replace")


@text_filter(Gives.CODED, ("é?", "", "w6k/"), "", effect=Effect.BASE64)
def base64_encode(value: str) -> str:
    """The text as base64 of its UTF-8."""
    room_for(len(value))
    return b64encode(value.encode()).decode()


@text_filter(Gives.TEXT, ("w6k/", "", "é?"), "", fails=Fails.UNREADABLE)
def base64_decode(value: str) -> str:
    """The text whose UTF-8 is given as base64."""
    return b64decode(value).decode()


@text_filter(Gives.CODED, ("é?", "", "w6k_"), "", effect=Effect.BASE64)
def base64_url_safe_encode(value: str) -> str:
    """The text as base64 of its UTF-8, for use in a URL."""
    room_for(len(value))
    return urlsafe_b64encode(value.encode()).decode()


@text_filter(Gives.TEXT, ("w6k_", "", "é?"), "", fails=Fails.UNREADABLE)
def base64_url_safe_decode(value: str) -> str:
    """The text whose UTF-8 is given as base64 for use in a URL."""
    return urlsafe_b64decode(value).decode()
