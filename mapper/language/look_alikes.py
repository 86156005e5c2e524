"""Look-alikes: objects that were probably meant to be operators, found by their keys and values.

An object without an operator is data. It is reported if its keys are those of a value (`as`, `then`), or if
its only other key is another spelling or another tool's word for an operator. Names alone prove little, for
`from`, `zone` and `default` are keys of payloads too. So a key counts only if its value is also one that the
language would take there; `object:` above the keys silences all.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Protocol

from mapper.diagnostics.diagnostic import Report, Severity
from mapper.language.document import MappingEntry, MappingNode, Node, ScalarNode, SequenceNode
from mapper.language.forms import ANYTHING, FIELDS, TEXT, VALUE, JsonForm, is_expression, takes
from mapper.language.modifiers import MODIFIERS
from mapper.runtime.liquid.filters import ROWS
from mapper.runtime.times.times import EPOCH_UNITS

MAX_OTHERS = 2  # more keys that the language does not know are those of an object

# Words of other tools. In payloads they are names too, unless the value is an expression.
_OTHER_WORDS = {
    "const": "literal",
    "constant": "literal",
    "if": "when",
    "switch": "match",
    "coalesce": "first_of",
    "firstnonnull": "first_of",
    "foreach": "map",
    "jsonpath": "path",
    "concat": "merge",
    "concatenate": "merge",
    **dict.fromkeys(("computed", "calculate", "calc", "expression", "formula"), "compute"),
    "toentries": "entries",
    "fromentries": "object_from",
}
_CERTAIN_WORDS = ("const", "constant")  # no payload has them as its only key
# Words of English that are one slip away from an operator.
_ENGLISH = frozenset(
    (
        *("pat", "has", "ash", "leader", "reader", "heater", "sitting", "getting", "letting"),
        *("betting", "netting", "abject", "envelop", "commute"),
    )
)
_TELLS_FORMAT = re.compile(r"%[A-Za-z]|iso8601|epoch_")
# Values that are common in payloads. A form that takes none of them has words of its own.
_COMMON: tuple[object, ...] = ("x", "2026-11-23", 1, 1.5, True, ["x", "y"], [1, 2], {"x": "y"}, [{"x": 1}])


class OperatorForm(Protocol):
    """The form of an operator, and the keys that it needs and allows beside it."""

    @property
    def form(self) -> JsonForm:
        """The form of its operand."""

    @property
    def required(self) -> Mapping[str, JsonForm]:
        """The forms of the keys that must be beside it."""

    @property
    def companions(self) -> Mapping[str, JsonForm]:
        """The forms of all keys that may be beside it, modifiers apart."""


@dataclass(frozen=True, slots=True)
class SuspectObject:
    """An object without an operator: the keys that belong beside one, and the others."""

    node: MappingNode
    parts: dict[str, MappingEntry]
    others: list[MappingEntry]
    forms: Mapping[str, JsonForm]

    def is_fitting(self, key: str) -> bool:
        """True if a part has a value that the language would take there."""
        value = _plain(self.parts[key].value)
        return value is not None and takes(self.forms[key], value)

    def is_telling(self, key: str) -> bool:
        """True if the value of a part is one of the language's own words, which payloads hardly hold."""
        if key == "from":
            return _has_format(self.parts[key].value)
        return self.is_fitting(key) and not any(takes(self.forms[key], value) for value in _COMMON)

    @property
    def all_fit(self) -> bool:
        """True if the language would take the values of all parts."""
        return all(map(self.is_fitting, self.parts))

    @property
    def telling(self) -> list[str]:
        """The parts whose values are the language's own words."""
        return [key for key in self.parts if self.is_telling(key)]


@dataclass(frozen=True, slots=True)
class LookAlike:
    """The key at which an object looks like an operator, the reason, and the remedy."""

    key: ScalarNode
    headline: str
    label: str
    hint: str
    is_certain: bool


def report_look_alike(node: MappingNode, operators: Mapping[str, OperatorForm], report: Report) -> bool:
    """Report an object that looks like an operator (M127): True for an error, if it certainly is one.

    What may also be an object is a warning.
    """
    forms = {name: key.form for name, key in MODIFIERS.items()}
    for operator in operators.values():
        forms |= operator.companions
    parts = {e.key.text.value: e for e in node.entries if _may_be_part(e, forms)}
    others = [entry for entry in node.entries if entry.key.text.value not in parts]
    if not node.entries or len(others) > MAX_OTHERS:
        return False
    suspect = SuspectObject(node, parts, others, forms)
    found = _misspelt(suspect, operators) or _incomplete(suspect, operators) or _lonely(suspect)
    if found is None:
        return False
    hints = (found.hint, "if this object is meant, write `object:` above its keys")
    severity = Severity.ERROR if found.is_certain else Severity.WARNING
    report.add("M127", found.headline, found.key.span, found.label, hints, severity)
    return found.is_certain


def _may_be_part(entry: MappingEntry, forms: Mapping[str, JsonForm]) -> bool:
    """True for a key of the language, unless its value is an expression and the language takes none there."""
    form = forms.get(entry.key.text.value)
    return form is not None and (form == VALUE or not _is_expression(entry.value))


def _misspelt(suspect: SuspectObject, operators: Mapping[str, OperatorForm]) -> LookAlike | None:
    """An object whose only other key is close to an operator that takes its value and its parts."""
    if len(suspect.others) != 1:
        return None
    (other,) = suspect.others
    word = other.key.text.value
    name = _operator_like(word, operators)
    if name is None:
        return None
    operator, value = operators[name], _plain(other.value)
    beside = suspect.parts.keys()
    if not operator.required.keys() <= beside or not beside <= {*operator.companions, *MODIFIERS}:
        return None
    folded = _folded(word)
    has_parts = bool(operator.required) or bool(suspect.telling)
    is_formula = _holds_expression(other.value) or (operator.form == TEXT and _has_filter(other.value))
    if value is None or not (takes(operator.form, value) or (folded in _OTHER_WORDS and is_formula)):
        return None
    if not has_parts and (
        _echoes(word, other.value) or not _is_plausible(folded, name, operator.form, is_formula)
    ):
        return None
    is_certain = has_parts or is_formula or folded in _CERTAIN_WORDS
    label = "this is a key of an object"
    return LookAlike(other.key, f"`{word}` is not an operator", label, _meant(folded, name), is_certain)


def _is_plausible(folded: str, name: str, form: JsonForm, is_formula: bool) -> bool:
    """True unless the key may be a name of a payload, and its value is no more than a payload's."""
    if is_formula or folded in _OTHER_WORDS:
        return is_formula or folded in _CERTAIN_WORDS
    if form.get("type") == "array":
        return folded != _folded(name)
    return form not in (TEXT, ANYTHING, FIELDS)


def _meant(folded: str, name: str) -> str:
    match folded:
        case "concat" | "concatenate":
            return 'write texts together with Liquid, as in "{{ first }} {{ last }}"; `merge` joins objects'
        case "if" | "switch" | "const" | "constant" | "coalesce":
            return f"the operator for this is `{name}`"
        case _:
            return f"did you mean `{name}`?"


def _incomplete(suspect: SuspectObject, operators: Mapping[str, OperatorForm]) -> LookAlike | None:
    """An object with the parts of an operator (`then` and `else`) and not the operator itself."""
    for name, operator in operators.items():
        known = {*operator.companions, *MODIFIERS}
        others = [entry for entry in suspect.node.entries if _is_other(entry, suspect, known)]
        fits = all(key in suspect.parts and suspect.is_fitting(key) for key in operator.required)
        if not operator.required or not fits or len(others) > 1:
            continue
        is_whole = len(operator.companions) > 1 and operator.companions.keys() <= suspect.parts.keys()
        is_formed = any(not takes(form, "x") for form in operator.required.values())
        if is_whole or (is_formed and others and _is_expression(others[0].value) and suspect.all_fit):
            key = suspect.parts[next(iter(operator.required))].key
            hint = (
                f"write `{name}:` in place of `{others[0].key.text.value}:`" if others else f"add `{name}:`"
            )
            label = f"this is a part of the operator `{name}`"
            return LookAlike(key, f"`{key.text.value}` without `{name}`", label, hint, is_whole)
    return None


def _is_other(entry: MappingEntry, suspect: SuspectObject, known: Collection[str]) -> bool:
    key = entry.key.text.value
    return key not in suspect.parts or key not in known


def _lonely(suspect: SuspectObject) -> LookAlike | None:
    """An object with modifiers and without an operator."""
    telling = suspect.telling
    known = {*MODIFIERS, *telling}
    others = [entry for entry in suspect.node.entries if _is_other(entry, suspect, known)]
    expressions = [entry for entry in others if _is_expression(entry.value)]
    if telling and (expressions or len(others) < MAX_OTHERS):
        is_certain = len(others) == len(expressions) < MAX_OTHERS
        return _without_operator(suspect, telling[0], expressions, is_certain=is_certain)
    if (
        len(others) != 1
        or not expressions
        or not suspect.all_fit
        or _echoes(others[0].key.text.value, others[0].value)
    ):
        return None
    beside = [key for key in suspect.parts if key in MODIFIERS]
    formed = [key for key in beside if suspect.is_fitting(key) and not takes(suspect.forms[key], "x")]
    if beside == ["default"]:
        formed = beside
    return _without_operator(suspect, formed[0], expressions, is_certain=False) if formed else None


def _without_operator(
    suspect: SuspectObject, key: str, expressions: list[MappingEntry], *, is_certain: bool
) -> LookAlike:
    hint = "add an operator, such as `path:`"
    if len(expressions) == 1:
        entry = expressions[0]
        operator = "path" if _is_path(entry.value) else "liquid"
        hint = f"write `{operator}:` in place of `{entry.key.text.value}:`"
    label = "this says something of a value, but there is none"
    return LookAlike(suspect.parts[key].key, f"`{key}` without an operator", label, hint, is_certain)


# --- words


def _operator_like(word: str, operators: Mapping[str, OperatorForm]) -> str | None:
    """The operator that a key is another spelling of, or another tool's word for."""
    folded = _folded(word)
    if folded in _OTHER_WORDS:
        return _OTHER_WORDS[folded]
    for name in operators:
        if folded == _folded(name):
            return name
    if folded in _ENGLISH:
        return None
    return next((name for name in operators if _is_slip(folded, _folded(name))), None)


def _folded(word: str) -> str:
    return re.sub(r"[-_. ]", "", word).lower()


def _is_slip(word: str, name: str) -> bool:
    """True if a letter is left out, doubled or exchanged with the next; in a long name also if one is wrong.

    Short names have too many neighbours for that (`path`: `part`, `past`, `bath`). A name with an ending
    (`paths`, `merged`) is a word of its own.
    """
    if len(name) < 4 or word.startswith(name):
        return False
    if len(word) == len(name) - 1:
        return any(name[:i] + name[i + 1 :] == word for i in range(len(name)))
    if len(word) == len(name) + 1:
        doubled = any(
            word[i] == word[i - 1] and word[:i] + word[i + 1 :] == name for i in range(1, len(word))
        )
        return doubled or (len(name) > 5 and any(word[:i] + word[i + 1 :] == name for i in range(len(word))))
    if len(word) != len(name):
        return False
    wrong = [i for i in range(len(name)) if word[i] != name[i]]
    if len(wrong) == 2 and wrong[1] == wrong[0] + 1:
        return word[wrong[0]] == name[wrong[1]] and word[wrong[1]] == name[wrong[0]]
    return len(wrong) == 1 and len(name) > 5


def _echoes(word: str, value: Node) -> bool:
    """True if a path ends in a name like the key: `{patch: $.version.patch}` is an object."""
    names = re.findall(r"\w+", value.text.value) if isinstance(value, ScalarNode) else []
    return bool(names) and _folded(word) in _folded(names[-1])


# --- values


def _is_path(value: Node) -> bool:
    return isinstance(value, ScalarNode) and isinstance(value.value, str) and value.value.startswith("$")


def _is_expression(value: Node) -> bool:
    return isinstance(value, ScalarNode) and is_expression(value.value)


def _holds_expression(value: Node) -> bool:
    if isinstance(value, SequenceNode):
        return any(map(_is_expression, value.items))
    return _is_expression(value)


def _has_filter(value: Node) -> bool:
    """True for the text of a Liquid expression with a filter, without its braces."""
    names = re.findall(r"\w \| ?([a-z_0-9]+)", value.text.value) if isinstance(value, ScalarNode) else []
    return any(name in ROWS for name in names)


def _has_format(value: Node) -> bool:
    texts = value.items if isinstance(value, SequenceNode) else (value,)
    return all(
        isinstance(text, ScalarNode)
        and isinstance(text.value, str)
        and not text.value.startswith("$")
        and (text.value in EPOCH_UNITS or bool(_TELLS_FORMAT.match(text.value)))
        for text in texts
    )


def _plain(node: Node) -> object:
    """The node as a JSON value; None for null, which tells nothing."""
    match node:
        case ScalarNode():
            return node.value
        case SequenceNode():
            return [_plain(item) for item in node.items]
        case MappingNode():
            return {entry.key.text.value: _plain(entry.value) for entry in node.entries}
