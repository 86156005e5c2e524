"""Exact: JSON text with all digits of its integers, whatever limit for them the host has set in Python.

The encoders of the libraries obey that limit. They are asked first; only a value that they refuse is written
here. Values nest no deeper than the stack, or a RecursionError says so.
"""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, TypeAlias

import msgspec

from mapper.runtime.digits import is_out_of_range, read_integer, write_integer

Encode: TypeAlias = Callable[[Any], bytes]
_encode: Encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder().decode


def encode(value: object) -> bytes:
    """A value as compact JSON in UTF-8; raises ValueError or TypeError if JSON cannot hold it."""
    try:
        return _encode(value)
    except UnicodeEncodeError:
        raise
    except ValueError:
        return _encode(_with_written_integers(value))


def _with_written_integers(value: Any) -> object:
    """The same with its integers as text that the encoder copies."""
    if isinstance(value, int) and not isinstance(value, bool):
        return msgspec.Raw(write_integer(value).encode("ascii"))
    if isinstance(value, dict):
        return {name: _with_written_integers(member) for name, member in value.items()}
    return list(map(_with_written_integers, value)) if isinstance(value, list | tuple) else value


def write(value: object, *, is_ascii: bool, is_strict: bool) -> str:
    """A value as compact JSON, in ASCII if that is asked for.

    Raises ValueError for a number out of range if it `is_strict`; otherwise Decimals keep their digits.
    Raises TypeError if JSON cannot hold a value.
    """
    import json  # a service without templates starts without it
    from json.encoder import encode_basestring, encode_basestring_ascii

    quote: Callable[[str], str] = encode_basestring_ascii if is_ascii else encode_basestring

    def text(part: object) -> str:
        match part:
            case dict():
                return f"{{{','.join([f'{quote(name)}:{text(member)}' for name, member in part.items()])}}}"
            case list() | tuple():
                return f"[{','.join(map(text, part))}]"
            case str():
                return quote(part)
            case int() if not isinstance(part, bool):
                return write_integer(part)
            case float() | Decimal() if is_strict and is_out_of_range(part):
                raise ValueError("the number is out of range")
            case Decimal():
                return str(part)
            case _:
                return json.dumps(part)

    return text(value)


def decode(raw: bytes) -> object:
    """The value of JSON text in UTF-8; raises ValueError for other text and for numbers out of range."""
    try:
        return _decode(raw)
    except msgspec.ValidationError:
        # The decoder says so of an integer that Python does not convert under the host's limit.
        import json

        return _in_range(json.loads(raw, parse_int=read_integer, parse_constant=_refuse))


def _in_range(value: object) -> object:
    """The same value; raises ValueError for a float out of range, or half of a surrogate pair."""
    _encode(_with_written_integers(value)).decode()
    waiting = [value]
    while waiting:
        part = waiting.pop()
        if isinstance(part, float) and is_out_of_range(part):
            raise ValueError("a number is out of range")
        if isinstance(part, dict):
            waiting.extend(part.values())
        elif isinstance(part, list):
            waiting.extend(part)
    return value


def _refuse(name: str) -> object:
    raise ValueError(f"{name} is not JSON")
