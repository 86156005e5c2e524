"""The numbers of elements that a walk through a template finds, against those of rendered events."""

from __future__ import annotations

import random
from functools import reduce

import pytest

from checker.test_templates import program_of
from mapper import ir
from mapper.checker.inference.type_scope import initial_scope
from mapper.checker.templates.environment import Environment
from mapper.checker.templates.json_grammar import ElementCount, JsonPlace
from mapper.checker.templates.payloads import TemplateInput
from mapper.checker.templates.walk import Walk, WalkState
from mapper.checker.types import read_types
from mapper.diagnostics.diagnostic import Report
from mapper.runtime.faults import Fault
from mapper.transform.runner import prepare_template
from support.examples import tries

LENGTHS = {"none": (0, 0), "few": (0, 2), "some": (2, 4), "four": (4, 4), "many": (1, 6)}
SOURCE = {
    "type": "object",
    "properties": {
        "b": {"type": "boolean"},
        **{
            name: {"type": "array", "minItems": low, "maxItems": high, "items": {"enum": [0, 1, 2]}}
            for name, (low, high) in LENGTHS.items()
        },
    },
    "required": ["b", *LENGTHS],
}


class Writer:
    """Writes parts of a template that stand after an element of an array, each a random one."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.loops = 0

    def parts(self, depth: int) -> str:
        return "".join(self.part(depth) for _ in range(self.dice.randint(0, 2 + depth)))

    def part(self, depth: int) -> str:
        if depth <= 0 or self.dice.random() < 0.3:
            return self.dice.choice([", 1", ', "{{ b }}"', ", {{ some | json }}", ", [1, 2]", ", {}", ""])
        kind = self.dice.choice(["if", "loop", "loop", "leave", "nest", "split"])
        if kind == "loop":
            return self.loop(depth)
        inside = self.parts(depth - 1)
        if kind == "leave" and self.loops:
            leaves = self.dice.choice(["break", "continue"])
            return f"{{% if b %}}{inside}{{% {leaves} %}}{{% endif %}}"
        if kind == "split" and self.loops:
            test = self.dice.choice(["forloop.first", "forloop.last", "b"])
            return f"{{% if {test} %}}], [0{{% endif %}}{inside}"
        if kind == "nest":
            return f", [0{inside}]"
        return f"{{% if b %}}{inside}{{% else %}}{self.parts(depth - 1)}{{% endif %}}"

    def loop(self, depth: int) -> str:
        self.loops += 1
        name, limit = self.dice.choice([*LENGTHS]), self.dice.choice(["", "", " limit: 2", " offset: 1"])
        inside = self.parts(depth - 1)
        self.loops -= 1
        return f"{{% for x in {name}{limit} %}}{inside}{{% endfor %}}"


def counted(program: ir.Program) -> ElementCount | None:
    """The number of elements of all arrays at `l[]`; None if none is closed there."""
    walk = Walk()
    scopes = initial_scope(read_types(SOURCE).upper).roots
    assert isinstance(program.output, ir.Template)
    walk.run(program.output.body or (), [WalkState(JsonPlace(), Environment(scopes))])
    found = [shown.count for shown in walk.seen if shown.kind == "elements" and shown.path == ("l", "[]")]
    return reduce(ElementCount.joined, found) if found else None


def lengths(program: ir.Program, dice: random.Random, payloads: int) -> set[int]:
    """The lengths of the arrays at `l[]` in events of random payloads."""
    render = prepare_template(
        program, lambda function, site, value, *args, **kw: function(value, *args, **kw)
    )
    found = set()
    for _ in range(payloads):
        item: dict[str, object] = {"b": dice.random() < 0.5}
        for name, (low, high) in LENGTHS.items():
            item[name] = [dice.randint(0, 2) for _ in range(dice.randint(low, high))]
        try:
            event = render(TemplateInput(item, item))
        except Fault:
            continue
        assert isinstance(event, dict)
        found |= {len(each) for each in event["l"] if isinstance(each, list)}
    return found


@pytest.mark.parametrize("seed", range(tries(60)))
def test_events_have_a_counted_number_of_elements(seed: int) -> None:
    dice = random.Random(seed)
    text = f'{{"l": [[0{Writer(dice).parts(3)}]]}}'
    program = program_of({"template": text}, Report())
    count, found = counted(program), lengths(program, dice, 40)
    assert not found or count is not None
    if found and count is not None:
        assert count.fewest <= min(found), text
        assert count.most is None or max(found) <= count.most, text


EXACT = {
    "": (1, 1),
    ", 1, {{ some | json }}": (3, 3),
    "{% for x in four %}, {{ x }}{% endfor %}": (5, 5),
    "{% for x in some %}, {{ x }}, 1{% endfor %}, 2": (6, 10),
    "{% for x in none %}, {{ x }}{% endfor %}": (1, 1),
    "{% for x in few %}{% for y in some %}, 1{% endfor %}{% endfor %}": (1, 9),
    "{% for x in four %}{% if b %}, 1{% endif %}{% endfor %}": (1, 5),
    "{% for x in many limit: 3 %}, 1{% endfor %}": (2, 4),
    "{% for x in four %}, [1, 2]{% endfor %}": (5, 5),
    "{% for x in (1..5) %}, 1{% endfor %}": (6, 6),
}


@pytest.mark.parametrize("parts", EXACT)
def test_a_number_is_exact_if_the_rounds_are_alike(parts: str) -> None:
    program = program_of({"template": f'{{"l": [[0{parts}]]}}'}, Report())
    low, high = EXACT[parts]
    assert counted(program) == ElementCount(low, high)
    found = lengths(program, random.Random(parts), 200)
    assert (min(found), max(found)) == (low, high)
