"""Notations: the tables of ECMA-262 with the flag `u`, and of I-Regexp (RFC 9485)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from mapper.regex.characters import DIGITS, ECMA_SPACE, EVERY, WORD, CharacterSet, ranges


@dataclass(frozen=True, slots=True)
class Notation:
    """The table of a notation: its escapes for one character, its classes and categories.

    Only the notation that `has_conditions` has `(?...)`, `\\b`, lazy repetitions and anchors everywhere.
    """

    escapes: Mapping[str, str]
    classes: Mapping[str, CharacterSet]
    categories: Mapping[str, tuple[str, ...]]
    any: CharacterSet
    has_conditions: bool


_SECOND = {"L": "lmotu", "M": "cen", "N": "dlo", "P": "cdefios", "Z": "lps", "S": "ckmo", "C": "cfno"}
_SHORT = {name: (name,) for first, rest in _SECOND.items() for name in (first, *(first + c for c in rest))}
# The names of ECMA-262, table "Value aliases and canonical values for General_Category".
_LONG = """
L Letter LC Cased_Letter Lu Uppercase_Letter Ll Lowercase_Letter Lt Titlecase_Letter Lm Modifier_Letter
Lo Other_Letter M Mark M Combining_Mark Mn Nonspacing_Mark Mc Spacing_Mark Me Enclosing_Mark N Number
Nd Decimal_Number Nd digit Nl Letter_Number No Other_Number P Punctuation P punct Pc Connector_Punctuation
Pd Dash_Punctuation Ps Open_Punctuation Pe Close_Punctuation Pi Initial_Punctuation Pf Final_Punctuation
Po Other_Punctuation S Symbol Sm Math_Symbol Sc Currency_Symbol Sk Modifier_Symbol So Other_Symbol
Z Separator Zs Space_Separator Zl Line_Separator Zp Paragraph_Separator C Other Cc Control Cc cntrl Cf Format
Cs Surrogate Co Private_Use Cn Unassigned
"""
_CASED = ("Lu", "Ll", "Lt")


def _ecma_categories() -> dict[str, tuple[str, ...]]:
    names = {**_SHORT, "Cs": ("Cs",), "LC": _CASED}
    known = _LONG.split()
    names |= {long: names[short] for short, long in zip(known[::2], known[1::2], strict=True)}
    return {
        f"{key}{name}": found for key in ("", "gc=", "General_Category=") for name, found in names.items()
    }


IREGEXP: Final = Notation(
    {**{c: c for c in "()*+-.?[\\]^{|}"}, "n": "\n", "r": "\r", "t": "\t"},
    {},
    _SHORT,
    CharacterSet(ranges("\n\r"), negated=True),
    has_conditions=False,
)
ECMA: Final = Notation(
    {"f": "\f", "n": "\n", "r": "\r", "t": "\t", "v": "\v"},
    {
        letter.upper() if negated else letter: CharacterSet(given, negated=negated)
        for letter, given in (("d", DIGITS), ("w", WORD), ("s", ECMA_SPACE))
        for negated in (False, True)
    },
    _ecma_categories(),
    CharacterSet(ranges("\n\r\u2028\u2029"), negated=True),
    has_conditions=True,
)
PROPERTIES = {
    "Any": CharacterSet(EVERY),
    "ASCII": CharacterSet(((0, 0x7F),)),
    "Assigned": CharacterSet(categories=((("Cn",), True),)),
}
