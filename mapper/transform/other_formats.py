"""Other formats: a body that is not what its mapping expects is named as what it is.

Nothing that is found here is ever read as a body: it goes into the message of a rejection.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass

import msgspec

from mapper.diagnostics.render.visible import shown
from mapper.runtime.forms.pairs import FormFault, read_pairs
from mapper.runtime.repair.policy import REPAIRS

_START = 1_000  # characters in which a kind of text shows itself
_MAX_PAIRS = 100  # fields of a form in which JSON is looked for
_MAX_REPAIRED = 2_000  # characters of a body on which all repairs are tried
_multipart = re.compile(r"--[^\r\n]+\r?\n(?:[^\r\n]+\r?\n)*?content-disposition:", re.IGNORECASE).match
_html = re.compile(r"\s*<(?:!doctype html|html|head|body)\b", re.IGNORECASE).match
_xml = re.compile(r"\s*<(?:\?xml|!--|[A-Za-z_][\w.:-]*[\s/>])").match
_form = re.compile(r"[^\s=&<>{}\[\]\"'][^\s=&<>{}\"']*=\S*\s*\Z").match
_base64 = re.compile(r"[A-Za-z0-9+/_-]{8,}={0,2}\s*\Z").match
_word = re.compile(r"(?:undefined|nan|-?inf(?:inity)?|none|nil|null|true|false)\b", re.IGNORECASE).match
_WORDS_OF_JSON = ("null", "true", "false")
_control = re.compile(r"[\x00-\x08\x0e-\x1f]").search
_json_start = re.compile(r"""\s*(?:\{\s*["'}]|\[\s*[\{"]|"\s*[\{\[])""").match
_BEFORE_VALUE = (b"", b":", b",", b"[", b" ", b"\t", b"\n", b"\r", b"-")
_offset = re.compile(r"\(byte (\d+)\)$").search
_OTHER_LANGUAGE = (
    "have the sender write JSON: names and texts in double quotes, `null` for nothing, no comments"
)
_CUT_OFF = "it may have been cut off on its way: compare its length with the `Content-Length`"
_ALONE = "pass each of them alone; `mapper run` maps a file of lines"


@dataclass(frozen=True, slots=True)
class OtherFormat:
    """The words that follow "the body is", and the remedy."""

    title: str
    hint: str = ""


def name_non_form(text: str) -> OtherFormat | None:
    """The kind of a text that is not a form; None if it may be one.

    Also JSON that is cut off or otherwise broken: no form begins with a brace and a quote, but as a form it
    would be one field with an odd name.
    """
    if _json_start(text) or is_json_inside(text):
        return OtherFormat("JSON, not a form", "leave out `body: {format: form}`: without it a body is JSON")
    named = _name_markup(text)
    if named is not None:
        return OtherFormat(f"{named.title}, not a form", named.hint)
    if _control(text, 0, _START):
        return OtherFormat("binary data, not a form", "have the sender send a form")
    return None


def explain_non_json(text: str, error: str, declared: Collection[str], *, is_body: bool) -> OtherFormat:
    """The kind of a text that is not JSON; if it is only a part of a body, nothing can be declared for it.

    `error` is the message of the reader of JSON, `declared` are the repairs that did not help.
    """
    named = _name_markup(text) or _name_encoded(text, is_body=is_body)
    if named is not None:
        return OtherFormat(f"{named.title}, not JSON", named.hint)
    named = _name_empty(text, is_body=is_body) or _name_front(text) or _name_rest(text, error)
    if named is not None:
        return named
    stop = _name_stop(text, error)
    if stop is not None and not declared:
        return OtherFormat(f"not JSON: {stop}", _OTHER_LANGUAGE)
    title = f"not JSON: {stop or error}" if error else "not JSON"
    if declared:
        return OtherFormat(title, "the repairs that the mapping declares do not make it JSON")
    repairs = _helpful_repairs(text)
    listed = f"`repair: [{', '.join(repairs)}]` reads it, if this is a known fault of the sender"
    return OtherFormat(title, listed if repairs else _CUT_OFF if "truncated" in error else "")


def _name_empty(text: str, *, is_body: bool) -> OtherFormat | None:
    if text.strip():
        return None
    hint = "if all is in the query and the headers, declare `body: {format: none}`"
    return OtherFormat("nothing but white space" if text else "empty", hint if is_body else "")


def _name_markup(text: str) -> OtherFormat | None:
    """The kind of a text that is neither JSON nor a form."""
    start = text[:_START]
    if _multipart(start):
        hint = "have it sent as JSON, or as `application/x-www-form-urlencoded`"
        return OtherFormat("multipart/form-data", hint)
    if _html(start):
        return OtherFormat("HTML", "it may be an error page of a server in between")
    if _xml(start):
        return OtherFormat("XML", "have it sent as JSON; a mapping does not read XML")
    return None


def _name_encoded(text: str, *, is_body: bool) -> OtherFormat | None:
    """The kind of a text that holds data in another notation."""
    if text[:3].upper() in ("%7B", "%5B"):
        return OtherFormat("JSON in percent-encoding", "have it sent as it is, or as a field of a form")
    if text.lstrip()[:1] in ("{", "[", '"'):
        return None
    if _base64(text) and base64.urlsafe_b64decode(text[:4])[:1] in (b"{", b"["):
        return OtherFormat("JSON in base64", "have it sent as it is, or decode it before it is mapped")
    return OtherFormat("a form", _form_hint(text) if is_body else "") if _form(text) else None


def _name_front(text: str) -> OtherFormat | None:
    """The kind of a text that begins with a character which stands in no JSON."""
    first = text.lstrip(" \t\r\n")[0]
    if first == "\x1e":
        return OtherFormat("a sequence of JSON documents (RFC 7464), not one", _ALONE)
    if first in '{["':
        return None
    if not (first.isascii() and first.isprintable()) and is_json_inside(text.lstrip(first)):
        hint = "have the sender leave out what stands before it"
        return OtherFormat(f"JSON behind a character U+{ord(first):04X}", hint)
    if _control(text, 0, _START):
        return OtherFormat("binary data, not JSON", "have the sender send JSON")
    return None


def _name_rest(text: str, error: str) -> OtherFormat | None:
    """The kind of a text with something behind a first JSON value."""
    found = _offset(error)
    if found is None or not error.startswith("trailing characters"):
        return None
    raw, index = text.encode("utf-8", "surrogatepass"), int(found[1]) - 1
    head, rest = raw[:index].rstrip(b" \t\r\n"), raw[index:]
    if not rest.strip(b"\x00 \t\r\n"):
        return OtherFormat("JSON with NUL bytes behind it", "have the sender leave out what follows the JSON")
    if rest.lstrip(b", \t\r\n").startswith((b"{", b"[")) and head.endswith((b"}", b"]")):
        return OtherFormat("several JSON documents, not one", _ALONE)
    return None


def _name_stop(text: str, error: str) -> str | None:
    """The words at which the reader of JSON stopped, if they are those of JavaScript or Python."""
    found = _offset(error)
    if found is None:
        return None
    raw = text.encode("utf-8", "surrogatepass")
    offset = int(found[1]) - error.startswith("trailing characters")
    # The reader takes a word that begins as `null`, `true` or `false` as a whole.
    for start in (offset, offset - 4, offset - 5):
        before = raw[max(start - 1, 0) : max(start, 0)]
        word = _word(_shown_rest(raw, start)) if start >= 0 and before in _BEFORE_VALUE else None
        if word is not None and word[0] not in _WORDS_OF_JSON:
            return f"`{word[0]}` (byte {start})"
    rest = _shown_rest(raw, offset)
    if rest.startswith("'"):
        return f"a text in single quotes (byte {offset})"
    if rest.startswith(("/*", "#")):  # the repair `comments` is for the others
        return f"a comment (byte {offset})"
    if error.startswith("object keys must be strings") and rest[:1].isalpha():
        return f"a name without quotes (byte {offset})"
    return None


def _shown_rest(raw: bytes, offset: int) -> str:
    return raw[offset : offset + 40].decode("utf-8", "replace")


def _form_hint(text: str) -> str:
    fields = [shown(name) for name in _fields_of_json(text)]
    if len(fields) == 1 and re.fullmatch(r"[\w.-]+", fields[0]):
        return f"declare `body: {{format: form, field: {fields[0]}}}`: this field holds JSON"
    return "declare `body: {format: form}`"


def _fields_of_json(text: str) -> Iterator[str]:
    """The names of those fields of a form that hold an object or a list."""
    try:
        pairs = read_pairs(text.strip(), _MAX_PAIRS, replaces=True).pairs
    except FormFault:
        return
    for name, value in pairs:
        if value[:1] in ("{", "[") and _is_json(value):
            yield name


def _is_json(text: str) -> bool:
    try:
        msgspec.json.decode(text, type=msgspec.Raw)
    except (msgspec.MsgspecError, RecursionError, ValueError):
        return False
    return True


def is_json_inside(text: str) -> bool:
    """True if a text holds an object or a list in JSON."""
    return text.lstrip()[:1] in ("{", "[") and _is_json(text)


def _helpful_repairs(text: str) -> tuple[str, ...]:
    """The repairs that would give a short text exactly one reading; none if there are none."""
    from mapper.runtime.repair.edits import Repaired
    from mapper.runtime.repair.readings import TooDeepError, repair

    if len(text) > _MAX_REPAIRED:
        return ()
    try:
        found = repair(text, REPAIRS)
    except TooDeepError:
        return ()
    if not isinstance(found, Repaired) or not _is_json(found.text):
        return ()
    return tuple(each.name for each in found.repairs)
