"""Work: inputs that took minutes or hours end in seconds with a code, in little memory."""

from __future__ import annotations

import json
from typing import Any

import pytest

from support.frames import FRAME, text_of
from support.processes import run_measured

MAX_SECONDS, MAX_MEGABYTES = 10, 500
MEGA = "ab" * 500_000
DEEP = {"x": [list(range(1000))] * 900, "z": [*range(999), -1]}
# A mapping's properties, the body, and the codes that one of its items may end with.
INPUTS: dict[str, tuple[str, Any, str]] = {
    "filters in a loop": (
        text_of("{% for i in (1..10000) %}{% assign t = s | split: '' | sort | join: '' %}{% endfor %}"),
        {"s": "ab" * 163_840},
        "M629",
    ),
    "a search for each element": (
        "{a: {map: $.x, to: {envelope: \"$.t[?search(@, '(a|b)*c')]\"}}}",
        {"x": [0] * 3000, "t": ["ab" * 50] * 3000},
        "M629",
    ),
    "patterns of the payload": (
        "{a: '$.x[?search(@, $.p)]'}",
        {"x": ["ab" * 100_000] * 50, "p": "(a|b)*a(a|b){80}"},
        "M629",
    ),
    "a hash of the body for each element": (
        "{a: {map: $.x, to: {hash: [{envelope: $}]}}}",
        {"x": [0] * 5000, "t": MEGA},
        "M629",
    ),
    "contains in a loop": (
        text_of("{% for i in (1..10000) %}{% if s contains 'abba' %}x{% endif %}{% endfor %}"),
        {"s": MEGA},
        "M629",
    ),
    "captures in a loop": (
        text_of("{% for i in (1..10000) %}{% capture t %}{{ s }}{{ i }}{% endcapture %}{% endfor %}"),
        {"s": MEGA[:-10]},
        "M629",
    ),
    "nested filters": (
        "{a: '$.x[?@[?@ == $.z[0]]]', b: '$.x[?@[?count($.x[*]) > 3]]'}",
        {"x": [list(range(900))] * 900, "z": [-1]},
        "",
    ),
    "filters inside filters": (
        "{a: '$.x[?@[?$.x[?@[?@ == 5]]]]'}",
        {"x": [list(range(900))] * 900},
        "",
    ),
    "members compared in a loop": (
        text_of("{% for i in (1..10000) %}{% if o.first == p.first %}x{% endif %}{% endfor %}"),
        {"o": {"k": [0.5] * 300_000}, "p": {"k": [0.5] * 300_000}},
        "M629",
    ),
    "names compared in a loop": (
        text_of("{% for i in (1..10000) %}{% if o == p %}x{% endif %}{% endfor %}"),
        {f"{name}": {f"k{n}": 0 for n in range(100_000)} | {name: 0} for name in "op"},
        "M629",
    ),
    "equality of large lists": ("{a: '$.x[?@ == $.z]', b: '$.x[?@ == $.z]'}", DEEP, ""),
    "a text of the body in each item": (
        text_of("{{ envelope.s | replace: 'a', 'b' | size }}"),
        {"events": [{}] * 10_000, "s": MEGA[:-10]},
        "M630",
    ),
    "blank texts of the body in each item": (
        "{a: {first_nonblank: [{envelope: $.s}, x]}}",
        {"events": [{}] * 10_000, "s": " " * 5_000_000},
        "M630",
    ),
    "a large mapping": (
        "{" + ", ".join(f"k{n}: {{first_of: [$.a{n}, $.b{n}]}}" for n in range(1500)) + "}",
        [{}] * 10_000,
        "M630",
    ),
    "the library in each item": (
        text_of("{% tablerow i in (1..500) %}{{ i }}{{ envelope.x }}{% endtablerow %}"),
        {"events": [{}] * 10_000, "x": "y"},
        "M630",
    ),
}
RUN = """
import json, sys, time
import mapper
from support.processes import peak
text, body = json.load(sys.stdin)
transform = mapper.compile(text)
raw = json.dumps(body).encode()
start = time.process_time()
result = transform.json(raw)
seconds = time.process_time() - start
codes = sorted({code for rejected in result.rejected for code in rejected.codes})
print(json.dumps([seconds, peak(), codes]))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", INPUTS)
def test_what_took_long_ends_in_seconds(name: str) -> None:
    properties, body, code = INPUTS[name]
    given = json.dumps([FRAME.replace("PROPERTIES", properties), body])
    seconds, megabytes, codes = run_measured(RUN, given=given)
    assert codes == ([code] if code else [])
    assert (seconds <= MAX_SECONDS, megabytes <= MAX_MEGABYTES) == (True, True), (seconds, megabytes)
    print(f"{name}: {seconds:.1f} s, {megabytes} MB")
