"""Growth: time and size grow no faster than mappings and bodies do."""

from __future__ import annotations

import pytest

import mapper
from support.examples import slow_but
from support.frames import FRAME
from support.growth import assert_linear

# --- compiling

LARGEST = {
    "fields": lambda n: ", ".join(f"k{i}: $.a{i}" for i in range(n)),
    "one path": lambda n: ", ".join(f"k{i}: {{path: $.a, as: integer}}" for i in range(n)),
    "alternatives": lambda n: "a: {first_nonblank: [" + ", ".join(f"$.a{i}" for i in range(n)) + "]}",
    "cases": lambda n: "a: {match: $.a, cases: {" + ", ".join(f"c{i}: $.b{i}" for i in range(n)) + "}}",
    "operands": lambda n: "a: {merge: [" + ", ".join(f"$.a{i}" for i in range(n)) + "]}",
    "hash": lambda n: "a: {hash: [" + ", ".join(f"$.a{i}" for i in range(n)) + "]}",
    "text": lambda n: "a: '" + "{{ a }}{% if b %}c{% endif %}" * n + "'",
    "filters": lambda n: "a: '{{ a" + " | upcase" * n + " }}'",
    "queries": lambda n: "a: '$.b[?" + " || ".join(f"@.a{i} == {i}" for i in range(n // 2)) + "]'",
}


@pytest.mark.parametrize("name", slow_but(["fields", "text"], LARGEST))
def test_compiling_takes_time_in_proportion(name: str) -> None:
    """Eight times the mapping gives about eight times the code, and takes about eight times the time."""
    small, large = (FRAME.replace("PROPERTIES", "{" + LARGEST[name](count) + "}") for count in (100, 800))
    sizes: dict[str, int] = {}

    def build(text: str) -> None:
        sizes[text] = len(mapper.compile(text).python)

    assert_linear(build, small, large)
    assert all(size < 40 * len(text) + 20_000 for text, size in sizes.items())
    assert sizes[large] < 12 * sizes[small]


def test_rejections_cost_time_in_proportion() -> None:
    transform = mapper.compile(
        FRAME.replace("event_id: e", "event_id: {path: $.id, as: string, on_missing: reject}").replace(
            "PROPERTIES", "{}"
        )
    )
    bodies = [b'{"events": [' + b", ".join([b"{}"] * count) + b"]}" for count in (625, 5_000)]
    rejected = transform(bodies[1]).rejected
    assert [r.location for r in rejected] == [f"$.events[{index}]" for index in range(5_000)]
    assert_linear(transform, *bodies)


def test_a_quadratic_cost_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Guards `assert_linear` itself."""
    monkeypatch.setattr("support.growth.SHORTEST", 0.0)
    with pytest.raises(AssertionError, match=" s against "):
        assert_linear(lambda size: [i * j for i in range(size) for j in range(size)], 100, 800)
