"""Threats: each line of docs/threat-model.md names a test, and here are those that try to break it."""

from __future__ import annotations

import ast
import json
import re
import subprocess
import sys
import textwrap
from itertools import combinations
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

import mapper
from mapper.runtime.liquid.filters import FILTERS
from support.conservation import assert_conserved
from support.examples import examples, slow_but
from support.growth import assert_linear
from support.places import ROOT
from support.validators import compiled, reference

MODEL = ROOT / "docs" / "threat-model.md"
EVENT = json.loads((ROOT / "schemas/event.schema.json").read_text("utf-8"))

# --- the page


def test_every_line_of_the_threat_model_names_tests_that_exist() -> None:
    text = MODEL.read_text("utf-8")
    tests = {
        path.relative_to(ROOT).as_posix(): set(
            re.findall(r"^(?:    )?def (test_\w+)", path.read_text("utf-8"), re.M)
        )
        for path in (ROOT / "tests").rglob("test_*.py")
    }
    rows = [line for line in text.splitlines() if line.startswith("| ") and "---" not in line]
    claims = [row for row in rows if not row.endswith("| test |")]
    assert len(claims) >= 25
    for row in claims:
        named = re.findall(r"`(tests/[\w/]+\.py)::(test_\w+)`", row)
        assert named, f"no test: {row}"
        for file, test in named:
            assert test in tests.get(file, ()), f"{file}::{test} does not exist"


def test_every_threat_test_is_named_on_the_page() -> None:
    text = MODEL.read_text("utf-8")
    own = re.findall(r"^def (test_\w+)", Path(__file__).read_text("utf-8"), re.M)
    assert [name for name in own if "threat" not in name and name not in text] == []


# --- code injection

HOSTILE = [
    "pwned",
    "'); import os; os.system('pwned'); ('",
    '"); __import__("os").system("pwned"); ("',
    "\\'); pwned(); ('",
    "pwned\nimport os\nos.system('pwned')",
    "pwned\r\x0b\x0c\x1c\x85\u2028\u2029import pwned",
    "'''pwned'''\"\"\"pwned",
    "{pwned} {0.__class__} %(pwned)s %s ${pwned}",
    "#pwned\n  return pwned\n#",
    "pwned\\",
    "\\N{DIGIT ONE}\\x00\\u0027pwned",
    "__class__.__mro__[1].__subclasses__() pwned",
    "\ufeffpwned\u202epwned\u200b",
    "{% endraw %}}}{{ pwned }}{# pwned #}",
]

# Every place of a mapping that takes text; `@` is where the hostile text goes, quoted for YAML.
PLACES = {
    "name": ("mapping: @", ""),
    "description": ("mapping: m\ndescription: @", ""),
    "version": ("mapping: m\nversion: @", ""),
    "reason": ("mapping: m\nskip: [{when: a, reason: @}]", ""),
    "condition": ("mapping: m\nskip: [{when: @, reason: r}]", ""),
    "each": ("mapping: m\neach: [@, $]", ""),
    "key": ("mapping: m", "@: 1"),
    "literal": ("mapping: m", "a: {literal: @}"),
    "text": ("mapping: m", "a: @"),
    "literal object": ("mapping: m", "a: {literal: {@: [@]}}"),
    "path": ("mapping: m", "a: {path: @}"),
    "Liquid": ("mapping: m", "a: {liquid: @}"),
    "match": ("mapping: m", "a: {match: $.a, cases: {@: @}, else: @}"),
    "when": ("mapping: m", "a: {when: @, then: 1}"),
    "pick": ("mapping: m", "a: {path: $.a, pick: [@]}"),
    "omit": ("mapping: m", "a: {path: $.a, omit: [@]}"),
    "rename": ("mapping: m", "a: {path: $.a, rename: {@: b, c: @}}"),
    "header": ("mapping: m", "a: {header: @}"),
    "query": ("mapping: m", "a: {query: @}"),
    "setting": ("mapping: m", "a: {setting: @}"),
    "envelope": ("mapping: m", "a: {envelope: @}"),
    "default": ("mapping: m", "a: {path: $.a, default: @}"),
    "hash": ("mapping: m", "a: {hash: [@]}"),
    "cast": ("mapping: m", "a: {path: $.a, as: @}"),
    "format": ("mapping: m", "a: {path: $.a, as: timestamp, zone: UTC, from: @}"),
    "zone": ("mapping: m", "a: {path: $.a, as: timestamp, zone: @}"),
    "window": ("mapping: m", "a: {path: $.a, as: timestamp, within: [@, @]}"),
    "source": ("mapping: m\nsource: @", ""),
    "target": ("mapping: m\ntarget: @", ""),
    "dialect": ("mapping: m\ndialect: @", ""),
}
# Places inside an expression; the hostile text is written as a string of that language.
INSIDE = {
    "path name": "$[@]",
    "path constant": "$.b[?&.a == @]",
    "path pattern": "$.b[?match(&.a, @)]",
    "path search": "$.b[?search(&.a, $[@])]",
    "Liquid text": "{{ @ }}",
    "Liquid argument": "{{ a | replace: @, @ | append: @ }}",
    "Liquid name": "{{ item[@] }}{{ setting[@] }}",
    "Liquid literal": "x@{{ a }}",
    "Liquid loop": "{% for x in item[@] %}{{ x[@] }}{% cycle @, @ %}{% endfor %}",
    "Liquid assign": "{% assign v = @ %}{{ v | split: @ | join: @ }}",
    "Liquid case": "{% case a %}{% when @ %}{{ a | date: @ }}{% endcase %}",
    "Liquid default": "{{ a | default: @ | where: @, @ | map: @ }}",
}
FIELDS = """\
event:
  event_id: e
  event_name: Seen
  user_id: u
  timestamp: "2026-11-23T20:00:00.000Z"
  event_properties:
    object: {PROPERTIES}
"""
PAYLOAD = {"a": "x", "b": [{"a": "pwned"}], "pwned": 1, **{text: {"n": text} for text in HOSTILE}}


def quoted(text: str) -> str:
    """A text as a YAML double-quoted scalar."""
    return '"' + "".join(f"\\U{ord(c):08x}" if c in '"\\' or not " " <= c <= "~" else c for c in text) + '"'


def assert_confined(python: str) -> None:
    """The module is imports of the runtime, constants and functions; user text is in constants alone."""
    tree = ast.parse(python)
    for node in tree.body:
        assert isinstance(node, ast.ImportFrom | ast.Assign | ast.FunctionDef), ast.dump(node)[:80]
    names: list[str] = []
    for node in ast.walk(tree):
        assert not isinstance(node, ast.Import | ast.Global | ast.Nonlocal | ast.Lambda | ast.ClassDef)
        assert not isinstance(node, ast.AsyncFunctionDef | ast.Await | ast.Yield | ast.With | ast.Delete)
        if isinstance(node, ast.ImportFrom):
            assert (node.module or "").startswith(("mapper.runtime.", "mapper.regex."))
            assert node.level == 0
        names += [
            value
            for field in ("id", "attr", "arg", "name", "asname")
            if isinstance(value := getattr(node, field, None), str)
        ]
    assert all(re.fullmatch(r"[A-Za-z_][A-Za-z0-9_]*", name) for name in names)
    assert not [name for name in names if name.startswith("__")]
    assert not {
        "eval",
        "exec",
        "open",
        "compile",
        "getattr",
        "setattr",
        "globals",
        "vars",
        "os",
        "sys",
    } & set(names)
    assert python.isascii()


@pytest.mark.parametrize("place", PLACES)
def test_no_place_of_a_mapping_takes_code(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    head, properties = PLACES[place]
    for text in HOSTILE:
        mapping = f"{head}\n{FIELDS.replace('PROPERTIES', properties)}".replace("@", quoted(text))
        judge(mapping, tmp_path)


@pytest.mark.parametrize("place", slow_but([*INSIDE][::3], INSIDE))
def test_no_place_of_an_expression_takes_code(
    place: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    compiled = 0
    for text in HOSTILE:
        for quote in "'\"":
            inner = (
                text.replace("\\", "\\\\").replace(quote, f"\\{quote}") if INSIDE[place][0] == "$" else text
            )
            expression = INSIDE[place].replace("@", f"{quote}{inner}{quote}").replace("&", "@")
            properties = f"a: {quoted(expression)}"
            compiled += judge(f"mapping: m\n{FIELDS.replace('PROPERTIES', properties)}", tmp_path)
    assert compiled, "no hostile text compiles here: the test would prove nothing"


def judge(mapping: str, folder: Path) -> int:
    """A mapping is refused with diagnostics, or compiles to confined code that does nothing but map."""
    before = set(folder.iterdir())
    try:
        transform = mapper.compile(mapping)
    except mapper.CompileError as error:
        found = error.diagnostics
    else:
        assert_confined(transform.python)
        assert_conserved(transform, PAYLOAD, mapper.Request(headers={"pwned": "x"}, settings={"pwned": 1}))
        assert set(folder.iterdir()) == before
        return 1
    assert found
    assert not any(d.code.startswith(("M6", "M9")) for d in found)
    return 0


@pytest.mark.parametrize("text", HOSTILE)
def test_no_place_of_a_schema_takes_code(text: str, tmp_path: Path) -> None:
    properties = {
        text: {"type": "string", "title": text, "description": text},
        "const": {"const": text},
        "enum": {"enum": [text, {text: [text]}]},
        "pattern": {"pattern": re.escape(text)},
        "format": {"format": text},
        "names": {"propertyNames": {"enum": [text]}, "patternProperties": {re.escape(text): {"const": text}}},
        "needs": {"dependentRequired": {text: [text]}, "required": [text]},
        "ref": {"$ref": "#/$defs/" + "x"},
        "default": {"default": text, "examples": [text], "$comment": text},
        "delegated": {"not": {"const": text}, "uniqueItems": True, "contains": {"const": text}},
    }
    schema = json.loads(json.dumps(EVENT))
    schema["title"] = schema["description"] = text
    schema["$defs"] = {"x": {"const": text}}
    schema["properties"]["event_properties"] = {"type": "object", "properties": properties, text: text}
    (tmp_path / "own.json").write_text(json.dumps(schema), "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text(
        "mapping: m\ntarget: own.json\n"
        + FIELDS.replace("    object: {PROPERTIES}", "    first_of: [{path: $.p, as: object}]"),
        "utf-8",
    )
    path.write_text(path.read_text("utf-8").replace("as: object}]", "as: object, default: {}}]"), "utf-8")
    transform = mapper.load(path)
    assert_confined(transform.python)
    fits = {
        text: text,
        "const": text,
        "enum": text,
        "pattern": text,
        "names": {text: text},
        "delegated": [text],
    }
    assert_conserved(transform, {"p": fits}, None)
    for name in properties:
        assert_conserved(transform, {"p": {name: {"other": 1}}}, None)


@pytest.mark.parametrize(
    "key", ["dialect", "description", "now", "zone", "tags", "filters", "objects", "notes"]
)
def test_no_place_of_a_dialect_takes_code(key: str, tmp_path: Path) -> None:
    (tmp_path / "dialects").mkdir()
    for hostile in HOSTILE:
        value = quoted(hostile)
        if key in ("tags", "filters", "objects"):
            value = f"[{value}]"
        elif key == "notes":
            value = f"{{{value}: {value}}}"
        (tmp_path / "dialects/own.yaml").write_text(f"{key}: {value}\n", "utf-8")
        path = tmp_path / "m.yaml"
        path.write_text(f"mapping: m\ndialect: own\n{FIELDS.replace('PROPERTIES', 'a: 1')}", "utf-8")
        try:
            transform = mapper.load(path)
        except mapper.CompileError as error:
            refused = {d.code[:2] for d in error.diagnostics}
        else:
            refused = set()
            assert_confined(transform.python)
        assert refused <= {"M0", "M1"}


def test_a_file_name_is_no_code(tmp_path: Path) -> None:
    text = "mapping: m\n" + FIELDS.replace("PROPERTIES", "a: 1")
    for hostile in HOSTILE:
        assert_confined(mapper.compile(text, filename=hostile).python)
        assert repr(mapper.compile(text, filename=hostile))


# --- names


SHADOWS = [
    "event",
    "item",
    "body",
    "request",
    "valid",
    "MISSING",
    "Fault",
    "EACH",
    "SITES",
    "FIELDS",
    "REASONS",
    "dict",
]
SHADOWS += [
    "isinstance",
    "len",
    "None",
    "True",
    "class",
    "lambda",
    "__class__",
    "__builtins__",
    "_K_1",
    "v_1",
    "items",
]


@pytest.mark.parametrize("name", SHADOWS)
def test_names_that_generated_code_uses_are_free(name: str) -> None:
    read = f'a: \'{{{{ item["{name}"] }}}}\', b: {{header: "{name}"}}, c: "$.x[\\"{name}\\"]"'
    properties = f'"{name}": "$[\\"{name}\\"]", {read}'
    transform = mapper.compile(f'mapping: "{name}"\n{FIELDS.replace("PROPERTIES", properties)}')
    assert_confined(transform.python)
    (event,) = transform({name: 5, "x": {name: 6}}).events
    assert event["event_properties"] == {name: 5, "a": "5", "c": 6}


# --- Liquid


ATTRIBUTES = [
    "__class__",
    "__init__",
    "__dict__",
    "__globals__",
    "items",
    "keys",
    "values",
    "get",
    "pop",
    "upper",
    "format",
]


@pytest.mark.parametrize("value", ["x", 5, 1.5, True, None, [1], {"a": 1}])
@pytest.mark.parametrize("name", ATTRIBUTES)
def test_templates_reach_no_attribute(name: str, value: object) -> None:
    paths = [
        f"v.{name}",
        f'v["{name}"]',
        f"v.{name}.{name}",
        f"item.{name}",
        f"envelope.{name}",
        f"header.{name}",
        f"received_at.{name}",
    ]
    text = "".join(f"[{{{{ {path} }}}}{{{{ {path} | size }}}}]" for path in paths)
    loop = f"{{% for x in v %}}{{{{ x.{name} }}}}{{{{ forloop.{name} }}}}{{% endfor %}}"
    transform = mapper.compile(f"mapping: m\n{FIELDS.replace('PROPERTIES', 'a: ' + quoted(text + loop))}")
    (event,) = transform(
        {"v": value}, mapper.Request(headers={"x": "y"}, received_at="2026-11-23T20:00:00Z")
    ).events
    assert event["event_properties"] == {"a": "[0]" * len(paths)}


@pytest.mark.parametrize(
    "template",
    [
        "{% include '/etc/passwd' %}",
        "{% render '../../secret' %}",
        "{% include a %}",
        "{% extends 'x' %}",
        "{% layout 'x' %}",
        "{% import 'os' %}",
        "{% macro a %}{% endmacro %}",
        "{{ a | eval }}",
        "{{ a | attr: '__class__' }}",
        "{{ a.__class__() }}",
        "{{ range(10) }}",
        "{{ lipsum.__globals__ }}{% set x = 1 %}",
    ],
)
def test_templates_load_and_call_nothing(template: str) -> None:
    text = f"mapping: m\n{FIELDS.replace('PROPERTIES', 'a: ' + quoted(template))}"
    with pytest.raises(mapper.CompileError, match=r"M21\d"):
        mapper.compile(text)


# --- files

ELSEWHERE = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    ".hidden.json",
    "sub/event.schema.json",
    "..\\event.schema.json",
    "C:\\event.schema.json",
    "C:event.schema.json",
    "file:///etc/passwd",
    "http://example.com/event.schema.json",
    "event.schema.json\0.txt",
    "~/event.schema.json",
    "\\\\server\\share.json",
    "a" * 5_000,
]


@pytest.mark.parametrize("name", ELSEWHERE)
@pytest.mark.parametrize("key", ["source", "target", "dialect"])
def test_a_mapping_names_no_file_elsewhere(key: str, name: str, tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    for place in (tmp_path, tmp_path / "sub"):
        place.mkdir(exist_ok=True)
        (place / "event.schema.json").write_text(json.dumps(EVENT), "utf-8")
    path = tmp_path / "deep" / "m.yaml"
    path.write_text(f"mapping: m\n{key}: {quoted(name)}\n{FIELDS.replace('PROPERTIES', 'a: 1')}", "utf-8")
    with pytest.raises(mapper.CompileError) as caught:
        mapper.load(path)
    assert {d.code for d in caught.value.diagnostics} & {"M005", "M004", "M009"}
    assert "root:" not in str(caught.value.diagnostics)


REFERENCES = [
    "http://example.com/x.json",
    "https://json-schema.org/draft/2020-12/schema",
    "file:///etc/passwd",
    "/etc/passwd",
    "other.json",
    "../event.schema.json",
    "event.schema.json#/$defs/x",
    "urn:mapper:schema",
    "",
]


@pytest.mark.parametrize("reference", REFERENCES)
@pytest.mark.parametrize("keyword", ["$ref", "$dynamicRef"])
def test_a_schema_refers_to_nothing_outside_its_file(keyword: str, reference: str, tmp_path: Path) -> None:
    schema = json.loads(json.dumps(EVENT))
    schema["properties"]["event_properties"] = {keyword: reference}
    (tmp_path / "own.json").write_text(json.dumps(schema), "utf-8")
    (tmp_path / "other.json").write_text("{}", "utf-8")
    path = tmp_path / "m.yaml"
    path.write_text("mapping: m\ntarget: own.json\n" + FIELDS.replace("PROPERTIES", "a: 1"), "utf-8")
    with pytest.raises(mapper.CompileError) as caught:
        mapper.load(path)
    assert {d.code for d in caught.value.diagnostics} & {"M007", "M008"}


@pytest.mark.parametrize(
    "zone",
    ["../../../etc/passwd", "/etc/localtime", "..", "C:\\x", "UTC\0", "posixrules/../../x", "~", "a" * 5000],
)
def test_a_zone_is_no_file_name(zone: str) -> None:
    properties = f"a: {{path: $.a, as: timestamp, zone: {quoted(zone)}}}"
    assert "M116" in [d.code for d in mapper.check("mapping: m\n" + FIELDS.replace("PROPERTIES", properties))]


# --- YAML

YAML = {
    "!!python/object/apply:os.system ['pwned']": "M109",
    "!!python/name:os.system": "M109",
    "!own x": "M109",
    "!!binary cHduZWQ=": "M109",
    "&a x": "M108",
    "*a": "M108",
    "{<<: {a: 1}}": "M105",
}


@pytest.mark.parametrize("value", YAML)
def test_yaml_constructs_nothing(value: str) -> None:
    found = mapper.check(f"mapping: m\ndescription: {value}\n{FIELDS.replace('PROPERTIES', 'a: 1')}")
    assert YAML[value] in [d.code for d in found]


# --- time

COLLIDING = [k * (2**61 - 1) for k in range(1, 20_001)]  # all have one hash


def test_colliding_numbers_cost_linear_time() -> None:
    uniq: Any = FILTERS["uniq"]
    assert len(uniq(COLLIDING)) == len(COLLIDING)
    assert uniq([2**64, float(2**64), 1, 1.0, True, 2**61 - 1, 0]) == [2**64, 1, True, 2**61 - 1, 0]
    assert_linear(uniq, COLLIDING[:2_500], COLLIDING)


def test_colliding_numbers_in_a_payload_cost_linear_time() -> None:
    template = "{{ n | uniq | size }}{{ n | sort | first }}{{ n | compact | size }}"
    transform = mapper.compile(
        "mapping: m\n" + FIELDS.replace("PROPERTIES", f"a: {quoted(template)}, h: {{hash: [$.n]}}")
    )
    bodies = [json.dumps({"n": numbers}).encode() for numbers in (COLLIDING[:2_500], COLLIDING)]
    assert len(transform(bodies[1]).events) == 1
    assert_linear(transform, *bodies)


def test_unique_items_cost_linear_time() -> None:
    valid = compiled({"properties": {"a": {"uniqueItems": True}}})
    items = [item for i in range(10_000) for item in (i, str(i), {"a": i}, [i], i * (2**61 - 1) + 2**70)]
    assert valid({"a": items})
    assert not valid({"a": [*items, {"a": 5.0}]})
    assert_linear(valid, {"a": items[: len(items) // 8]}, {"a": items})


@examples(200)
@given(
    st.lists(
        st.sampled_from(
            [0, 0.0, False, 1, 1.0, True, None, "", "1", [], [1], [1.0], [True], {}, {"a": 1}, {"a": 1.0}]
        ),
        max_size=4,
    )
)
def test_unique_items_are_those_of_the_reference(items: list[object]) -> None:
    # Pair by pair: of three items that Python cannot put in order, jsonschema compares only neighbours.
    is_unique = reference({"uniqueItems": True}).is_valid
    expected = all(is_unique(pair) for pair in map(list, combinations(items, 2)))
    assert compiled({"uniqueItems": True})(items) is expected


# --- what a mapping reaches while it is compiled and run

WATCHED = """\
import json, os, sys, zoneinfo
import mapper, mapper.compiler, mapper.runtime.liquid.library
request = mapper.Request(headers={"x": "y"}, settings={"s": 1}, received_at="2026-11-23T20:00:00Z")
names = mapper.catalog.mapping_names()
for name in names:  # the library imports what it needs, once
    mapper.load(name)(b"{}", request)
allowed = [sys.prefix, sys.base_prefix, json.loads(sys.argv[2]), *zoneinfo.TZPATH]
found = []

def watch(event, args):
    if event == "open":
        path, mode, flags = args
        if isinstance(path, int):  # a descriptor: its file was seen when that was made
            return
        reads = mode in ("r", "rb") or (mode is None and not flags & (os.O_WRONLY | os.O_RDWR))
        if not (reads and any(str(path).startswith(p) for p in allowed)):
            found.append((event, str(path), mode))
    elif event.split(".")[0] in REACHING:
        found.append((event, str(args)[:100]))
    elif event.startswith("os.") and event not in ("os.listdir", "os.scandir"):
        found.append((event, str(args)[:100]))
    elif event == "import" and args[0].split(".")[0] not in STANDARD:
        found.append((event, args[0]))

STANDARD = {*sys.stdlib_module_names, "mapper", "tzdata", *{name.split(".")[0] for name in sys.modules}}
STANDARD |= {"jsonschema", "referencing", "rpds", "attrs", "attr", "jsonschema_specifications"}
REACHING = "socket subprocess ctypes shutil urllib ftplib http winreg tempfile".split()
outcomes = []
mappings = json.loads(open(sys.argv[1], encoding="utf-8").read())
sys.addaudithook(watch)
for text in mappings:
    try:
        transform = mapper.compile(text)
    except mapper.CompileError:
        outcomes.append("refused")
        continue
    for payload in (b'{"a": "os.system", "b": [{"a": 1}], "f": "/etc/passwd"}', b"[1, {}]", b"{"):
        result = transform(payload, request)
        transform.json(payload, request)
    outcomes.append("compiled")
reached, found = found, []
print(json.dumps({"outcomes": outcomes, "reached": reached}))
"""


def watched(mappings: list[str], tmp_path: Path) -> Any:
    (tmp_path / "mappings.json").write_text(json.dumps(mappings), "utf-8")
    (tmp_path / "watched.py").write_text(textwrap.dedent(WATCHED), "utf-8")
    command = [
        sys.executable,
        "-B",
        str(tmp_path / "watched.py"),
        str(tmp_path / "mappings.json"),
        json.dumps(str(ROOT)),
    ]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT), "PATH": ""},
    )
    assert ended.returncode == 0, ended.stderr[-3000:]
    return json.loads(ended.stdout)


def test_a_mapping_opens_starts_and_imports_nothing(tmp_path: Path) -> None:
    harmless = [
        "a: '{{ f | date: \"%Y\" }}'",
        "a: {hash: [$.a]}",
        "a: '$..a'",
        "a: {path: $.a, as: timestamp, zone: Asia/Tokyo, on_error: omit}",
    ]
    expressions = [
        "{{ f | json }}",
        "{% include f %}",
        "{% render '/etc/passwd' %}",
        "{{ ''.__class__ }}",
        "$.__import__('os')",
        "{{ item['__import__']('os') }}",
    ]
    properties = (
        harmless + [f"a: {quoted(e)}" for e in expressions] + [f"{quoted(t)}: {quoted(t)}" for t in HOSTILE]
    )
    mappings = [f"mapping: m\n{FIELDS.replace('PROPERTIES', p)}" for p in properties]
    heads = [
        "source: /etc/passwd",
        "target: file:///etc/passwd",
        "dialect: ../../etc/passwd",
        "x: !!python/object/apply:os.system ['true']",
    ]
    mappings += [f"mapping: m\n{head}\n{FIELDS.replace('PROPERTIES', 'a: 1')}" for head in heads]
    seen = watched(mappings, tmp_path)
    assert seen["reached"] == []
    assert seen["outcomes"].count("compiled") >= len(harmless) + len(HOSTILE)
    assert seen["outcomes"].count("refused") >= len(heads) + 2


def test_the_watch_sees_what_is_reached(tmp_path: Path) -> None:
    """The hook itself works: a mapping file read from elsewhere, and an import, are seen."""
    script = WATCHED.replace(
        "sys.addaudithook(watch)",
        "sys.addaudithook(watch); open(sys.argv[1]).close(); import os; os.system('')",
    )
    (tmp_path / "watched2.py").write_text(script, "utf-8")
    (tmp_path / "none.json").write_text("[]", "utf-8")
    command = [
        sys.executable,
        "-B",
        str(tmp_path / "watched2.py"),
        str(tmp_path / "none.json"),
        json.dumps(str(ROOT)),
    ]
    ended = subprocess.run(
        command,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
        cwd=tmp_path,
        env={"PYTHONPATH": str(ROOT)},
    )
    events = [found[0] for found in json.loads(ended.stdout)["reached"]]
    assert "open" in events
    assert "os.system" in events
