"""Start-up: libraries that are slow to import are imported only by what needs them, in a fresh process."""

from __future__ import annotations

import json
import pickle
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

import mapper
from mapper.runtime.schema.draft import Draft202012Validator
from support.examples import slow_but
from support.places import ROOT

# The grammar of IRIs and what it is made with; nothing here has a use for them.
GRAMMAR = {"lark", "rfc3987_syntax", "regex"}
LIQUID = {"liquid", "asyncio", "babel", "dateutil"}
VALIDATION = {"jsonschema", "referencing", "isoduration"}
GENERATOR = {"jinja2", "mapper.codegen"}
PROOFS = {"mapper.checker.templates"}

CHECK = """\
import sys
before = set(sys.modules)
import mapper
codes = {d.code for d in mapper.check(sys.stdin.read(), filename=sys.argv[1])}
print(*codes)
print(*(set(sys.modules) - before))
"""


def fresh(code: str, *arguments: str, text: str = "") -> list[set[str]]:
    """The words of each line that a fresh process prints."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, input=text, capture_output=True, text=True, check=True)
    return [set(line.split()) for line in done.stdout.splitlines()]


def mapping(**fields: str) -> str:
    """A mapping of Segment's messages that is right but for the fields given; an empty one is left out."""
    right = {
        "event_id": "{path: $.messageId, as: string, on_error: reject, on_missing: reject}",
        "event_name": "{path: $.event, as: string, on_error: reject, on_missing: reject}",
        "user_id": "{path: $.userId, as: string, on_error: reject, on_missing: reject}",
        "timestamp": "{path: $.timestamp, as: timestamp, on_missing: reject, on_error: reject}",
        "event_properties": "{path: $.properties, as: object, default: {}, on_error: reject}",
    }
    lines = [f"  {name}: {value}" for name, value in {**right, **fields}.items() if value]
    return "\n".join(["mapping: shop", "version: 1", "source: segment.schema.json", "event:", *lines, ""])


WRONG: dict[str, tuple[str, str, set[str]]] = {
    "required field": ("M501", mapping(user_id=""), LIQUID | VALIDATION | GENERATOR | PROOFS),
    "possibly missing": (
        "M502",
        mapping(user_id="{path: $.userId, as: string}"),
        LIQUID | VALIDATION | PROOFS,
    ),
    "type": ("M401", mapping(event_properties="{path: $.properties, default: {}}"), LIQUID | PROOFS),
    "cast": (
        "M405",
        mapping(user_id="{path: $.userId, as: integer, on_missing: reject}"),
        LIQUID | VALIDATION | PROOFS,
    ),
    "path": ("M201", mapping(user_id="$.a[["), LIQUID | VALIDATION | GENERATOR | PROOFS),
    "field": ("M302", mapping(usr_id="$.userId"), LIQUID | VALIDATION | GENERATOR | PROOFS),
    "filter": ("M212", mapping(user_id="{liquid: '{{ userId | trim }}'}"), VALIDATION | GENERATOR | PROOFS),
    "template": (
        "M411",
        "mapping: shop\nversion: 1\nsource: segment.schema.json\ntemplate: '{\"a\": {{ userId }}}'\n",
        set(),
    ),
}


@pytest.mark.parametrize("kind", slow_but(["required field", "filter"], WRONG))
def test_a_wrong_mapping_is_checked_without(kind: str) -> None:
    code, text, idle = WRONG[kind]
    codes, modules = fresh(CHECK, "shop.yaml", text=text)
    assert code in codes
    assert not modules & (GRAMMAR | idle | {"rich", "hypothesis"})


FORMATS = sorted({*Draft202012Validator.FORMAT_CHECKER.checkers, "unknown"})
WITHOUT_JSONSCHEMA = {"date-time", "email", "idn-email", "regex", "time", "uuid"}


CHECK_ALL = """\
import sys
before = set(sys.modules)
import mapper
for path in sys.argv[1:]:
    print(*{d.code for d in mapper.check(open(path).read(), filename=path)})
    print(*(set(sys.modules) - before))
"""


def mapping_of_format(name: str, folder: Path) -> Path:
    """A mapping whose schemas have a format in all their places, in a new folder."""
    folder.mkdir()
    text = {"type": "string", "format": name}
    source = {"properties": {"a": text, "b": {**text, "type": ["string", "null"]}}, "required": ["a"]}
    target = {"type": "object", "properties": {"a": text, "b": text, "c": text}, "required": ["a", "b", "c"]}
    (folder / "source.json").write_text(json.dumps({"type": "object", **source}))
    (folder / "target.json").write_text(json.dumps(target))
    path = folder / "shop.yaml"
    path.write_text(
        dedent(
            """\
            mapping: shop
            version: 1
            source: source.json
            target: target.json
            event:
              a: $.a
              b: {path: $.b, as: string}
              c: {const: "http://é x"}
            """
        )
    )
    return path


def test_formats_are_checked_without_the_grammar_of_iris(tmp_path: Path) -> None:
    paths = [str(mapping_of_format(name, tmp_path / name)) for name in FORMATS]
    found = fresh(CHECK_ALL, *paths)
    for name, codes, modules in zip(FORMATS, found[::2], found[1::2], strict=True):
        assert "M502" in codes, name
        assert not modules & (GRAMMAR | {"liquid", "asyncio", "babel"}), name


@pytest.mark.parametrize("name", sorted(WITHOUT_JSONSCHEMA))
def test_a_simple_format_needs_no_jsonschema(name: str) -> None:
    code = """\
        import sys
        before = set(sys.modules)
        from mapper.runtime.schema.formats import conforms
        print(conforms("a", sys.argv[1]))
        print(*(set(sys.modules) - before))
        """
    _, modules = fresh(dedent(code), name)
    assert not modules & (GRAMMAR | VALIDATION)


def test_others_in_the_process_still_validate_iris_with_jsonschema() -> None:
    code = """\
        import mapper.runtime.schema.draft, sys
        print("rfc3987_syntax" in sys.modules)
        from jsonschema import Draft202012Validator as V
        print(V.FORMAT_CHECKER.conforms("http://\\u00e9/", "iri"))
        print(V.FORMAT_CHECKER.conforms("http:// ", "iri"), V.FORMAT_CHECKER.conforms("a b", "iri-reference"))
        from rfc3987_syntax import parse
        print(callable(parse))
        """
    assert fresh(dedent(code)) == [{"False"}, {"True"}, {"False"}, {"True"}]


FIRST_CALL = """\
import pickle, sys
from pathlib import Path
before = set(sys.modules)
import mapper
kind, given, text = sys.argv[1:]
request = mapper.Request(received_at="2026-11-23T20:00:00Z")
if kind == "opened":
    transform = mapper.Transform.open(given)
elif kind == "pickled":
    transform = pickle.loads(Path(given).read_bytes())
else:
    name, cache = given.split("|")
    transform = mapper.load(name, cache=cache)
result = transform(text.encode(), request)
print(len(result.events), *(d.code for r in result.rejected for d in r.diagnostics))
print(*(set(sys.modules) - before))
"""
EVERY_FILTER = mapping(
    user_id="{liquid: '{{ userId | upcase | append: \"x\" | truncate: 20 | url_encode | escape }}'}",
    event_id="{liquid: '{{ messageId | plus: 1.5 | round | times: 2 }}'}",
    event_name="{liquid: '{{ properties.tags | sort | reverse | join: \"-\" | default: event }}x'}",
    timestamp="{liquid: '{{ timestamp | date: \"%FT%TZ\" }}', as: timestamp}",
)
BODY = {"type": "track", "event": "e", "userId": "u", "messageId": "7", "properties": {"tags": ["b", "a"]}}
ORDER = json.loads((ROOT / "mappings/clevertap-template/order.json").read_bytes())["request"]["body"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("transforms")
    (folder / "shop.yaml").write_text(EVERY_FILTER)
    for name in ("clevertap-template", str(folder / "shop.yaml")):
        transform = mapper.load(name, cache=folder / "cache")
        transform.save(folder / f"{Path(name).stem}.transform")
        (folder / f"{Path(name).stem}.pickle").write_bytes(pickle.dumps(transform))
    return folder


@pytest.mark.parametrize("kind", ["opened", "pickled", "cached"])
@pytest.mark.parametrize("name", ["clevertap-template", "shop"])
def test_the_first_call_with_liquid_is_made_without_the_library(folder: Path, name: str, kind: str) -> None:
    source = name if name == "clevertap-template" else str(folder / "shop.yaml")
    given = {
        "opened": str(folder / f"{name}.transform"),
        "pickled": str(folder / f"{name}.pickle"),
        "cached": f"{source}|{folder / 'cache'}",
    }
    body = ORDER if name == "clevertap-template" else {**BODY, "timestamp": "2026-11-23T20:00:00Z"}
    result, modules = fresh(FIRST_CALL, kind, given[kind], json.dumps(body))
    assert result == {"1"}
    assert not modules & (GRAMMAR | LIQUID | VALIDATION | GENERATOR | {"mapper.compiler", "yaml"})


def test_dateutil_is_imported_for_a_date_in_words(folder: Path) -> None:
    body = json.dumps({**BODY, "timestamp": "Nov 23 2026 8:00 pm"})
    result, modules = fresh(FIRST_CALL, "opened", str(folder / "shop.transform"), body)
    assert result == {"1"}
    assert "dateutil" in modules
    assert not modules & {"liquid", "asyncio", "babel"}
