"""Places: folders that tests read from."""

from __future__ import annotations

from pathlib import Path

TESTS = Path(__file__).resolve().parents[1]
ROOT = TESTS.parent
MAPPINGS = ROOT / "mappings"
SCHEMAS = ROOT / "schemas"
# The shipped schemas of payloads and events; the others describe files that people write, for their editors.
PAYLOAD_SCHEMAS = sorted(
    path
    for path in SCHEMAS.glob("*.schema.json")
    if path.stem not in ("mapping.schema", "receiver.schema", "profile.schema")
)
CASES = TESTS / "cases"
# The pages of the language, whose examples are run; the first one has the tables of all its words.
LANGUAGE_PAGES = tuple(
    ROOT / "docs" / f"{name}.md"
    for name in ("language", "operators", "paths", "liquid", "times", "bodies", "schemas")
)
# Collected payloads and public test suites, beside the checkout. Without them their tests are skipped.
SHARED = ROOT.parent / "shared"
