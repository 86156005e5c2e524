"""Both paths of a transform, `decoded` and `narrow`, compared on one body; and bodies that were damaged."""

from __future__ import annotations

import random
from typing import Any

import msgspec

import mapper
from mapper.runtime.json.canonical import canonical_json
from support.conservation import in_full

# What stands in for values and bytes of a body: other types, limits, texts that the decoder skips unchecked.
VALUES: list[Any] = [
    *(None, True, False, 0, 1, -1, 2**63, 2**70, 1.5, 1e300, 1700000000),
    *("", " ", "x", "é😀", "2024-02-29T10:00:00Z", "keep", "track", "page"),
    *([], {}, [[]], [{}], {"": 0}, [None], [1, "a"], {"a": {"b": []}}),
]
TOKENS = [
    *(b"null", b"1e5", b"1E-400", b"1e999", b"-1e999", b"0", b"-", b".", b"e", b"NaN"),
    *(b"9" * 310, b"9" * 310 + b".5", b"9" * 4301, b"9" * 200 + b"e200"),
    *(
        b'"\\ud800"',
        b'"\\u0041"',
        b'"\\ud83d\\ude00"',
        b"\xff",
        b"\xc3",
        b"\xed\xa0\x80",
        b"\xef\xbb\xbf",
        b"\x00",
    ),
    *(b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\", b" ", b"\n", b"\t"),
    *(b"{}", b"[]", b"{ }", b'{"a":1,"a":2}', b"[" * 30, b'" e "', b'",e,"', b'{"a":[1 , 1e5\n]}'),
]


def decoded(transform: mapper.Transform, body: bytes, request: mapper.Request) -> list[Any]:
    """The outcome of calling the transform, which decodes the whole body, in a form that compares."""
    result = transform(body, request)
    return [[canonical_json(event) for event in result.events], *others(result)]


def narrow(transform: mapper.Transform, body: bytes, request: mapper.Request) -> list[Any]:
    """The outcome of `json`, which decodes no more than it reads, in the same form."""
    result = transform.json(body, request)
    return [[canonical_json(msgspec.json.decode(event)) for event in result.events], *others(result)]


def others(result: Any) -> list[Any]:
    """Skips, rejections and repairs of a result, in a form that compares."""
    skipped = [(s.index, s.reason, repr(s.item)) for s in result.skipped]
    rejected = [
        (r.index, r.location, repr([(d, d.value) for d in r.diagnostics]), repr(r.item))
        for r in result.rejected
    ]
    return [skipped, rejected, result.repairs]


def assert_same(transform: mapper.Transform, body: bytes, request: mapper.Request | None = None) -> None:
    """Both paths give the same outcome."""
    request = request or mapper.Request()
    expected, found = decoded(transform, body, request), narrow(transform, body, request)
    assert found == expected, transform._compiled.narrow
    assert_streamed(transform, body, request)


def assert_streamed(transform: mapper.Transform, body: bytes, request: mapper.Request) -> None:
    """The stream of a body gives what `json` gives; diagnostics are not read, which takes time."""
    streamed, result = in_full(transform.stream(body, request)), transform.json(body, request)
    assert (streamed.events, streamed.repairs) == (result.events, result.repairs)
    for mine, other in ((streamed.skipped, result.skipped), (streamed.rejected, result.rejected)):
        assert [marks(one) for one in mine] == [marks(one) for one in other]


def marks(other: mapper.Skipped | mapper.Rejected) -> tuple[int, str, str]:
    """Everything about a skip or rejection but its diagnostics."""
    words = other.reason if isinstance(other, mapper.Skipped) else other.location
    return other.index, words, repr(other.item)


def mutated_value(chance: random.Random, value: Any) -> Any:
    """The value with some of its parts replaced, left out, or repeated elsewhere."""
    if chance.random() < 0.04:
        return chance.choice(VALUES)
    if isinstance(value, dict):
        members = {k: mutated_value(chance, v) for k, v in value.items() if chance.random() > 0.02}
        if members and chance.random() < 0.05:
            members[chance.choice(list(members))] = chance.choice(VALUES)
        return members
    if isinstance(value, list):
        return [mutated_value(chance, v) for v in value for _ in range(chance.choice((1, 1, 1, 1, 2)))][:8]
    return value


def mutated_bytes(chance: random.Random, body: bytes) -> bytes:
    """The body with one to three places replaced, cut or filled."""
    for _ in range(chance.choice((1, 1, 2, 3))):
        at = chance.randrange(len(body) + 1)
        if chance.random() < 0.5:  # where a value stands
            colon = body.find(b":", at)
            at = len(body) if colon < 0 else colon + 1
        cut = chance.choice((0, 0, 1, 1, 2, 5))
        token = chance.choice(TOKENS)
        if chance.random() < 0.3 and b"," in body[at:]:
            cut = body.index(b",", at) - at
        body = body[:at] + token + body[at + cut :]
    return body
