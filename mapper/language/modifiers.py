"""Spec modifiers: `as`, `default`, `on_error` and the rest, read and checked against each other."""

from __future__ import annotations

from collections.abc import Callable

from mapper.diagnostics.diagnostic import Report
from mapper.language.document import MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import KEYS, TEXT, VALUE, JsonForm, LanguageKey
from mapper.language.nodes import (
    key_text,
    kind_of,
    known_parts,
    optional_text,
    want_choice,
    want_mapping,
    want_sequence,
    want_text,
)
from mapper.language.spec import Flattening, Modifiers, Value
from mapper.language.time_modifiers import TIME_MODIFIERS, read_formats, read_window, read_write

CASTS = ("string", "integer", "number", "boolean", "timestamp", "object", "array", "json")
ON_ERROR = ("reject", "omit", "null", "default", "keep")
LISTS = ("keep", "index")
MAX_SEPARATOR = 10  # characters; it is repeated in each name
PRUNED = ("null", "blank", "empty")
# No entry stands twice; `null` with quotes and without are the same one.
_ONCE: JsonForm = {
    "uniqueItems": True,
    "not": {"allOf": [{"contains": {"const": None}}, {"contains": {"const": "null"}}]},
}
CHANGES = ("pick", "omit", "rename", "flatten")

MODIFIERS: dict[str, LanguageKey] = {
    "pick": LanguageKey(KEYS, "Keep only these keys of an object."),
    "omit": LanguageKey(KEYS, "Leave these keys of an object out."),
    "rename": LanguageKey(
        {"type": "object", "additionalProperties": TEXT}, "Rename keys of an object: old to new."
    ),
    "flatten": LanguageKey(
        {
            "type": "object",
            "properties": {
                "separator": {"type": "string", "minLength": 1, "maxLength": MAX_SEPARATOR},
                "lists": {"enum": list(LISTS)},
            },
            "additionalProperties": False,
        },
        "Objects inside an object become members with joined names: `address.city`.",
    ),
    "prune": LanguageKey(
        {"type": "array", "items": {"enum": [None, *PRUNED]}, "minItems": 1, **_ONCE},
        "Remove such members of an object or list, at any depth.",
    ),
    "as": LanguageKey({"enum": list(CASTS)}, "The declared type."),
    **TIME_MODIFIERS,
    "default": LanguageKey(VALUE, "Stands in for a missing or null value."),
    "on_error": LanguageKey({"enum": [*ON_ERROR, None]}, "What becomes of a value whose cast fails."),
    "on_missing": LanguageKey({"enum": ["reject"]}, "Declares that an item without this value is rejected."),
}

ValueReader = Callable[[Node, Report], Value | None]


def read_modifiers(parts: dict[str, Node], read_value: ValueReader, report: Report) -> Modifiers | None:
    """The modifiers among the keys of a value; None if there are none."""
    if not parts:
        return None
    cast = want_choice(parts["as"], "as", CASTS, report) if "as" in parts else None
    _check_places(parts, cast, report)
    formats = read_formats(parts, report)
    zone, time_of_day = (optional_text(parts, key, report) for key in ("zone", "time_of_day"))
    times = {"from": formats, "zone": zone, "time_of_day": time_of_day}
    return Modifiers(
        pick=_names(parts, "pick", report),
        omit=_names(parts, "omit", report),
        rename=_renames(parts, report),
        flatten=_flattening(parts, report),
        prune=_pruned(parts, report),
        cast=cast,
        formats=formats,
        zone=zone,
        time_of_day=time_of_day,
        within=read_window(parts, report),
        write=read_write(parts, report),
        reads_times=all(found for key, found in times.items() if key in parts),
        default=read_value(parts["default"], report) if "default" in parts else None,
        on_error=_on_error(parts, report),
        declares_errors="on_error" in parts,
        rejects_missing=_on_missing(parts, report),
    )


def _check_places(parts: dict[str, Node], cast: str | None, report: Report) -> None:
    for key in TIME_MODIFIERS:
        if key in parts and cast != "timestamp" and (cast is not None or "as" not in parts):
            report.error(
                "M113",
                f"`{key}` without `as: timestamp`",
                parts[key].span,
                f"`{key}` says how a time is {'written' if key == 'write' else 'read'}",
                "add `as: timestamp`",
            )
    if "on_error" in parts and "as" not in parts and not _declares_rejection(parts):
        report.error(
            "M113",
            "`on_error` without `as`",
            parts["on_error"].span,
            "it says what becomes of a value whose cast fails",
            "add `as:` or remove it",
        )
    if "on_missing" in parts and "default" in parts:
        report.error(
            "M113",
            "`on_missing` beside `default`",
            parts["on_missing"].span,
            "with a default nothing is missing",
            "remove one of the two",
        )


def _declares_rejection(parts: dict[str, Node]) -> bool:
    """True for `on_error: reject` beside `pick`, `omit` or `rename`: it declares their only behaviour."""
    node = parts["on_error"]
    return isinstance(node, ScalarNode) and node.value == "reject" and any(key in parts for key in CHANGES)


def _names(parts: dict[str, Node], key: str, report: Report) -> tuple[str, ...] | None:
    if key not in parts:
        return None
    items = want_sequence(parts[key], f"`{key}`", report)
    if items is None:
        return None
    texts = (want_text(item, f"each entry of `{key}`", report) for item in items.items)
    return tuple(text.value for text in texts if text is not None)


def _renames(parts: dict[str, Node], report: Report) -> tuple[tuple[str, str], ...] | None:
    if "rename" not in parts:
        return None
    pairs = want_mapping(parts["rename"], "`rename`", report)
    if pairs is None:
        return None
    names: dict[str, str] = {}
    for entry in pairs.entries:
        old = key_text(entry.key, report)
        new = want_text(entry.value, "a new name", report)
        if old is None or new is None:
            continue
        if new.value in names.values():
            report.error("M104", f"two keys are renamed to `{new.value}`", entry.value.span, "the second one")
            continue
        names[old] = new.value
    return tuple(names.items())


def _flattening(parts: dict[str, Node], report: Report) -> Flattening | None:
    if "flatten" not in parts:
        return None
    node = parts["flatten"]
    if not isinstance(node, MappingNode):
        written = node.text.value if isinstance(node, ScalarNode) and isinstance(node.value, str) else "."
        hint = f'write `flatten: {{separator: "{written}"}}`'
        report.error("M107", "`flatten` must be key-value pairs", node.span, f"this is {kind_of(node)}", hint)
        return None
    options = known_parts(node, ("separator", "lists"), "`flatten`", report)
    separator = optional_text(options, "separator", report)
    if separator is not None and not 0 < len(separator.value) <= MAX_SEPARATOR:
        label = f"it has {len(separator.value):,} characters"
        hint = f"write 1 to {MAX_SEPARATOR}, such as `.` or `_`"
        report.error("M114", "unusable separator of `flatten`", options["separator"].span, label, hint)
    lists = "keep"
    if "lists" in options:
        lists = want_choice(options["lists"], "lists", LISTS, report) or lists
    return Flattening("." if separator is None else separator.value, lists == "index")


def _pruned(parts: dict[str, Node], report: Report) -> tuple[str, ...]:
    if "prune" not in parts:
        return ()
    node = parts["prune"]
    if not isinstance(node, SequenceNode) or not node.items:
        word = node.text.value if isinstance(node, ScalarNode) else ""
        hint = f"write `prune: [{word if word in PRUNED else ', '.join(PRUNED)}]`"
        label = "the list is empty" if isinstance(node, SequenceNode) else f"this is {kind_of(node)}"
        report.error("M107", "`prune` must be a list of what to remove", node.span, label, hint)
        return ()
    words: list[str] = []
    for item in node.items:
        word = _word(item, "prune", PRUNED, report) or ""
        if word and word in words:
            report.error("M104", f"`{word}` stands twice", item.span, "the second one")
        words.append(word)
    return tuple(word for word in PRUNED if word in words)


def _word(node: Node, key: str, words: tuple[str, ...], report: Report) -> str | None:
    """The node as one of some words; `null` among them may be written as the null value of YAML."""
    if isinstance(node, ScalarNode) and node.value is None and node.text.value:
        return "null"
    return want_choice(node, key, words, report)


def _on_error(parts: dict[str, Node], report: Report) -> str:
    if "on_error" not in parts:
        return "reject"
    chosen = _word(parts["on_error"], "on_error", ON_ERROR, report) or "reject"
    if chosen == "default" and "default" not in parts:
        report.error(
            "M106",
            "`on_error: default` without `default`",
            parts["on_error"].span,
            "there is no default to fall back on",
            "add `default:`",
        )
    return chosen


def _on_missing(parts: dict[str, Node], report: Report) -> bool:
    if "on_missing" not in parts:
        return False
    return want_choice(parts["on_missing"], "on_missing", ("reject",), report) is not None
