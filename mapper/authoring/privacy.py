"""Privacy: the texts of payloads that a schema may hold, and the names that are names of fields.

A schema is kept, shared and printed. It holds no value of a payload but the constants of an `enum`, and those
only if they are words of a vendor: short, of letters, repeated often, and of a field whose name does not
speak of a person. Keys of objects are values, too, if they look like ids.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

MAX_NAME = 64  # characters of the name of a field; longer keys are data
MAX_CONSTANT = 32  # characters of a constant
_WORDS = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|[0-9]+")
# A word of a vendor: letters, with the signs by which such words are joined, and few digits.
_CONSTANT = re.compile(r"[A-Za-z][A-Za-z0-9 _./:+-]*\Z").match
_MANY_DIGITS = re.compile(r"[0-9](?:[^A-Za-z]?[0-9]){4}")
_HEX = re.compile(r"(?=[a-f]*[0-9])(?=[0-9]*[a-f])[0-9a-f]{8,}\Z", re.IGNORECASE).match
# An id of random letters and digits, as `9rT4kWq81xZ`: digits and letters change places often.
_MIXED = re.compile(r"(?:[A-Za-z]+[0-9]+){3}")
_DATED = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def names(text: str) -> frozenset[str]:
    """The words of a text as a set."""
    return frozenset(text.split())


# Words of names of fields whose values are about a person, or are secrets, however often they repeat.
PERSONAL = names(
    """
    name names firstname lastname fullname surname nickname username email emails mail phone phones mobile tel
    msisdn fax address addresses street city town zip postal postcode birth birthday dob age gender sex ip lat
    lng latitude longitude location token secret password passwd pwd auth signature user customer person
    contact recipient sender author owner buyer seller religion race ethnicity health title company employer
    """
)
# Words of names of fields whose values are ids: a schema must not list them.
IDENTIFIERS = names("id ids uid uuid guid key keys hash code session device number no ref reference")
# Words that make `name` the name of something else than a person: `event_name`.
_IMPERSONAL = names("event action type topic status source channel platform library product")


def words_of(name: str) -> list[str]:
    """The words of a name in lower case: `customerId` and `customer_id` are `customer`, `id`."""
    return [word.lower() for word in _WORDS.findall(name)]


def is_personal(name: str) -> bool:
    """True if the name of a field speaks of a person, or of a secret."""
    words = set(words_of(name))
    found = (words | {word.removesuffix("s") for word in words}) & PERSONAL
    return bool(found) and not (words & _IMPERSONAL and found <= {"name", "names"})


def may_list(names: Sequence[str]) -> bool:
    """True if a schema may list the constants of a field; `names` lead to it."""
    return not any(map(is_personal, names)) and not IDENTIFIERS & set(words_of("_".join(names[-1:])))


def looks_random(text: str) -> bool:
    """True for a text that looks like an id, a date, an address or a number of something."""
    return (
        "@" in text
        or text.lstrip("-").isdigit()
        or _MANY_DIGITS.search(text) is not None
        or _HEX(text) is not None
        or _DATED.search(text) is not None
        or _MIXED.search(text) is not None
    )


def is_field_name(key: str) -> bool:
    """True if a key names a field. Other keys are data: an id, an e-mail address, a date."""
    return 0 < len(key) <= MAX_NAME and key.isprintable() and not looks_random(key)


def are_constants(texts: Iterable[str]) -> bool:
    """True if all texts are harmless as constants of a schema."""
    return all(
        len(text) <= MAX_CONSTANT and _CONSTANT(text) is not None and not looks_random(text) for text in texts
    )
