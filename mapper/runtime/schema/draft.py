"""Draft: jsonschema's names for draft 2020-12; imported only when jsonschema has to validate something.

jsonschema imports `rfc3987_syntax` for the formats `iri` and `iri-reference`, which builds its grammar at
once: 0.9 s of the 1.0 s of processor time that `import jsonschema` takes. `runtime.schema.formats` checks
both formats itself. So a function takes the place of that library, and imports it if somebody else in the
process validates one of them with jsonschema.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.util import find_spec, module_from_spec
from typing import Any

_SYNTAX = "rfc3987_syntax"


@contextmanager
def _late_syntax() -> Iterator[None]:
    spec = None if "jsonschema" in sys.modules or _SYNTAX in sys.modules else find_spec(_SYNTAX)
    if spec is None:
        yield
        return
    late: Any = module_from_spec(spec)  # not executed

    def real() -> Any:
        if sys.modules.get(_SYNTAX) is late:  # a thread that imports it meanwhile
            del sys.modules[_SYNTAX]
        return import_module(_SYNTAX)

    late.is_valid_syntax = lambda rule, text: real().is_valid_syntax(rule, text)
    late.__getattr__ = lambda name: getattr(real(), name)
    sys.modules[_SYNTAX] = late
    try:
        yield
    finally:
        if sys.modules.get(_SYNTAX) is late:
            del sys.modules[_SYNTAX]


with _late_syntax():
    from jsonschema import Draft202012Validator, FormatChecker
    from jsonschema.exceptions import ValidationError
    from jsonschema.validators import extend

__all__ = ["Draft202012Validator", "FormatChecker", "ValidationError", "extend"]
