"""Depth of generated code: mappings too deep for Python are diagnosed; many alternatives are not deep."""

from __future__ import annotations

import pytest

import mapper
from support.frames import FRAME, compiled

DEEP = {
    "maps": ("{map: $.a, to: @}", 30),
    "conditions": ("{when: a, then: @}", 49),
    "alternatives": ("{first_of: [$.a#, $.b#, $.c#, $.d#, $.e#, $.f#, @]}", 24),
    "defaults": ("{path: $.a, default: @}", 49),
    "merges": ("{merge: [$.a, @]}", 30),
    "objects that may be refused": ("{object_from: $.a, key: $.k, value: @, on_duplicate: list}", 90),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", DEEP)
def test_a_mapping_too_deep_for_python_is_diagnosed(name: str) -> None:
    pattern, most = DEEP[name]
    value, refused = "$.a", 0
    first = most - 30 if most > 50 else 0  # nothing new is seen before
    for depth in range(most):
        value = pattern.replace("#", str(depth)).replace("@", value)
        if depth < first:
            continue
        text = FRAME.replace("PROPERTIES", f"{{a: {value}}}")
        found = mapper.check(text)
        if any(d.severity is mapper.Severity.ERROR for d in found):
            assert [d.code for d in found if d.severity is mapper.Severity.ERROR] == ["M110"]
            with pytest.raises(mapper.CompileError, match="M110"):
                mapper.compile(text)
            refused += 1
            break
        mapper.compile(text)
    assert refused or most == 49 or name == "merges"


def test_many_alternatives_choose_as_few_do() -> None:
    names = [f"a{number}" for number in range(150)]
    for operator, passed in (("first_of", [None]), ("first_nonblank", [None, "", " "])):
        transform = compiled("{a: {" + operator + ": [" + ", ".join(f"$.{name}" for name in names) + "]}}")
        for index in (0, 1, 75, 149):
            payload = {name: passed[number % len(passed)] for number, name in enumerate(names[:index])}
            payload[names[index]] = False
            assert transform(payload).events[0]["event_properties"] == {"a": False}
        assert transform(dict.fromkeys(names)).events[0]["event_properties"] == {}
