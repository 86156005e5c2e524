"""Fuzzes the body: `python tests/fuzz/fuzz_body.py [libFuzzer options] [folder]`."""

from __future__ import annotations

import sys
from importlib import import_module
from tempfile import mkdtemp

import atheris

with atheris.instrument_imports(include=["mapper"]):
    import targets

    import_module("mapper.compiler")  # what is imported later is not instrumented
    import_module("mapper.runtime.liquid.library")


def main() -> None:
    """Run until something is found, or as long as `-runs` and `-max_total_time` say."""
    options = [o for o in sys.argv[1:] if o.startswith("-")]
    folders = [o for o in sys.argv[1:] if not o.startswith("-")] or [mkdtemp(prefix="fuzz-body-")]
    seeds = str(targets.HERE / "corpus" / "body")  # the first folder grows, this one does not
    dictionary = f"-dict={targets.HERE / 'body.dict'}"
    atheris.Setup(
        [sys.argv[0], dictionary, "-timeout=120", "-rss_limit_mb=2048", *options, *folders, seeds],
        targets.body,
    )
    atheris.Fuzz()


if __name__ == "__main__":
    main()
