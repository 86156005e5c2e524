"""Row: all that is known of one Liquid filter, written above its function.

The words of `Gives`, `Fails` and `Effect` are closed. The checker has one rule for each word:
`checker/inference/filter_types.py` and, for `Effect`, `checker/inference/text_filters.py`.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from decimal import Decimal
from enum import Enum
from inspect import Parameter, signature
from typing import TypeAlias

from mapper.runtime.digits import is_out_of_range
from mapper.runtime.faults import Fault
from mapper.runtime.limits import active
from mapper.runtime.liquid.semantics import too_long

Function: TypeAlias = Callable[..., object]
Case: TypeAlias = tuple[object, str, str]  # a value, arguments as they are written, the printed text
Example: TypeAlias = tuple[str, dict[str, object], str]  # a template, an item, the text or code of a fault
# The texts that some characters become; None if they may vanish or stay. All others stay.
Becomes: TypeAlias = Mapping[str, str | None]

# The values of a filter that works on texts: `to_text` is called for each, arguments included.
PRINTED = "any value, as printed"


class Gives(Enum):
    """The result, in the words of the documentation."""

    TEXT = "a text"
    CONTENT = "a text; not blank if its value is not"
    CODED = "a text; not empty if its value is not"
    APPENDED = "the text and the argument after it"
    PREPENDED = "the argument and the text after it"
    JOINED = "the elements as one text"
    JSON = "a text, valid JSON"
    MD5 = "32 hex digits"
    SHA1 = "40 hex digits"
    SHA256 = "64 hex digits"
    SHA512 = "128 hex digits"
    BASE64_DIGEST = "a digest in base64"
    UUID = "a UUID"
    DATE = "a text; a value that is not a date stays as it is"
    TEXTS = "a list of texts"
    NUMBER = "a number"
    ARITHMETIC = "a number; whole for whole numbers"
    ROUNDED = "a number; whole without an argument"
    WHOLE = "a whole number"
    COUNT = "a whole number from 0"
    INDEX = "an index, or nothing"
    TRUTH = "true or false"
    ELEMENT = "the element, or nothing"
    FOUND = "an element, or nothing"
    ELEMENTS = "a list of some of its elements"
    ORDERED = "a list of its elements, in another order"
    UNIQUE = "a list of its elements, each only once"
    FILLED = "a list of its elements, without nil"
    BOTH = "a list of the elements of both"
    PROPERTIES = "a list of values"
    PART = "a text, or a list"
    DEFAULTED = "the value, or the argument if it is nil, false or empty"


class Fails(Enum):
    """The values and arguments with which a filter may fail, apart from results beyond the limits."""

    NEVER = ""
    UNREADABLE = "a value that it cannot read"
    UNDATED = "a list, an object, a number, or a text"
    UNCOUNTED = "an argument that is not a number"
    UNPLACED = "an argument that is not a whole number"
    ZERO = "an argument that is 0"
    NO_LISTS = "a value or an argument that is not a list"
    NO_OBJECTS = "a list with other elements than objects"
    NO_KEYS = "with an argument, a list with other elements than objects"
    NO_NUMBERS = "elements, or properties, that are texts, or numbers without bounds"
    NO_ORDER = "elements that cannot be compared"
    NO_NAMESPACE = "another argument than a UUID, `dns`, `url`, `oid` or `x500`"


class Effect(Enum):
    """The characters of the result, for proofs: from those of the printed value."""

    UPPER = "lower-case letters become upper-case"
    LOWER = "upper-case letters become lower-case"
    CAPITAL = "letters may change their case"
    TRIMMED = "white space may vanish"
    THINNED = "any characters may vanish"
    CUT = (
        "a text of more characters than the first argument is cut, and gets the second, or `...`, as its end"
    )
    CUT_WORDS = "as `CUT`, for words"
    REPLACED = "the first argument becomes the second"
    REPLACED_ONCE = "one first argument becomes the second"
    UNMARKED = "no quotes, `<` and `>`"
    BASE64 = "the alphabet of base64"
    URL = "the alphabet of a query"


# The results that have a fixed length, and depend on each character of the printed value.
DIGESTS = frozenset({Gives.MD5, Gives.SHA1, Gives.SHA256, Gives.SHA512, Gives.BASE64_DIGEST, Gives.UUID})


@dataclass(frozen=True)
class FilterRow:
    """One filter. `function` is what generated code calls; it gives nothing but texts if `is_text`.

    `takes` is for people. `effect` is None if `gives` implies it. `method` is the method of `str` that does
    the same to a text, and cannot fail; one that trims is given the white space. Filters `of_dialects` exist
    only if a dialect lists them.
    """

    name: str
    function: Function
    takes: str
    gives: Gives
    is_text: bool
    fails: Fails
    effect: Effect | Becomes | None
    method: str
    sentence: str
    examples: tuple[Example, ...]
    of_dialects: bool

    @property
    def is_digest(self) -> bool:
        """True if the result is a digest: that of nothing is the same for all values."""
        return self.gives in DIGESTS

    @property
    def parameters(self) -> tuple[Parameter, ...]:
        """The arguments after the value, in order."""
        return tuple(signature(self.function).parameters.values())[1:]


def make_row(
    takes: str,
    call: Callable[[Function], Function],
    gives: Gives,
    example: Case,
    of_nil: str,
    *,
    fails: Fails = Fails.NEVER,
    effect: Effect | Becomes | None = None,
    method: str = "",
    of_dialects: bool = False,
) -> Callable[[Function], FilterRow]:
    """Make a row of a function: its arguments are the filter's, its docstring is the filter's sentence.

    `call` adapts the function to any value. `of_nil` is printed for a missing value and the arguments of the
    example.
    """

    def row(function: Function) -> FilterRow:
        name = function.__name__.rstrip("_")
        value, arguments, text = example
        template = f"{{{{ value | {name}{': ' * bool(arguments)}{arguments} }}}}"
        examples: tuple[Example, ...] = ((template, {"value": value}, text), (template, {}, of_nil))
        is_text = function.__annotations__["return"] == "str"
        sentence = function.__doc__ or ""
        return FilterRow(
            name,
            call(function),
            takes,
            gives,
            is_text,
            fails,
            effect,
            method,
            sentence,
            examples,
            of_dialects,
        )

    return row


def named_in_dialects(name: str, row: FilterRow) -> FilterRow:
    """Another name of a filter, in dialects that list it."""
    examples = tuple((text.replace(row.name, name), item, printed) for text, item, printed in row.examples)
    sentence = f"The same as `{row.name}`."
    return replace(row, name=name, sentence=sentence, examples=examples, of_dialects=True)


def bounded(result: object) -> object:
    """The result of a filter; raises Fault M620 if it is too long, and M618 if it is no printable number."""
    if isinstance(result, str | list | tuple) and len(result) > active().text_length:
        too_long(-1)
    if isinstance(result, float) and not math.isfinite(result):
        raise failed("the result is not a finite number")
    if isinstance(result, Decimal) or (isinstance(result, int) and is_out_of_range(result)):
        raise failed("the result has too many digits")
    return result


def room_for(size: int) -> None:
    """Raise Fault M620 before a text or list of that size is made, if it is too long."""
    if size > active().text_length:
        too_long(-1)


def failed(detail: str) -> Fault:
    """A filter's failure, described without the value; `apply` adds the site."""
    return Fault("M618", -1, detail)
