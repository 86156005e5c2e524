"""Encodings: the bytes of a body become text, or a sentence with the reason why they do not."""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from mapper.runtime.repair.policy import Policy, Repair, place

_REPLACED = "\ufffd"
_MARKS = (
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that one's
    (codecs.BOM_UTF16_BE, "utf-16"),
    (codecs.BOM_UTF16_LE, "utf-16"),
)
# RFC 4627 §3: JSON begins with two ASCII characters, so the zeros among its first bytes tell the encoding.
_ZEROS = {
    (True, True, True, False): "utf-32-be",
    (True, False, True, False): "utf-16-be",
    (False, True, True, True): "utf-32-le",
    (False, True, False, True): "utf-16-le",
}


# The first bytes of packed data, by the name of the format.
_PACKED = (
    (b"\x1f\x8b", "gzip"),
    (b"PK\x03\x04", "a zip file"),
    (b"\x28\xb5\x2f\xfd", "zstd"),
    (b"BZh", "bzip2"),
    (b"\xfd7zXZ\x00", "xz"),
)
# The first bytes of files that are not text.
_FILES = (
    (b"%PDF-", "a PDF file"),
    (b"\x89PNG", "a PNG image"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"GIF8", "a GIF image"),
    (b"Obj\x01", "an Avro file"),
    (b"PAR1", "a Parquet file"),
)
_ZLIB = 0x78  # RFC 1950 §2.2: deflate; the first two bytes, as one number, are divisible by 31
_START = 1_000  # bytes in which binary data shows itself
_control = re.compile(rb"[\x00-\x08\x0e-\x1f]").search


@dataclass(frozen=True, slots=True)
class Decoded:
    """A body's text without byte order mark, and the repairs of its bytes."""

    text: str
    repairs: tuple[Repair, ...] = ()


@dataclass(frozen=True, slots=True)
class Undecodable:
    """The reason why bytes are no text."""

    message: str
    hint: str


def decode(raw: bytes, policy: Policy) -> Decoded | Undecodable:
    """The text of a body.

    A UTF-8 byte order mark is ignored, as RFC 8259 §8.1 allows: nothing is lost or guessed by that. Other
    bytes that are not UTF-8 are refused. But if the policy replaces bytes, UTF-16 and UTF-32 are decoded, and
    each sequence that is not UTF-8 becomes U+FFFD.
    """
    other = _other_encoding(raw)
    if other is not None:
        return _decode_other(raw, other, policy)
    mark = raw.startswith(codecs.BOM_UTF8)
    encoded = raw.removeprefix(codecs.BOM_UTF8)
    try:
        return Decoded(encoded.decode("utf-8"))
    except UnicodeDecodeError as error:
        binary = _name_binary(raw, policy)
        if binary is not None:
            return binary
        if policy.replaces_bytes:
            return _replace(encoded, error.start)
        start = error.start + len(codecs.BOM_UTF8) * mark
        return Undecodable(
            f"the body is not UTF-8: byte {start} begins no character",
            "with `encoding_errors: replace` such bytes become U+FFFD, and the result says so",
        )


def _name_binary(raw: bytes, policy: Policy) -> Undecodable | None:
    """The kind of bytes that are no text in any encoding, however many of them the policy would replace."""
    unpack = "unpack it before it is mapped, as its `Content-Encoding` says"
    for start, title in _PACKED:
        if raw.startswith(start):
            return Undecodable(f"the body is {title}, not text", unpack)
    for start, title in _FILES:
        if raw.startswith(start):
            wanted = "JSON" if policy.reads_json else "a form"
            return Undecodable(f"the body is {title}, not text", f"have the sender send {wanted}")
    if raw[0] == _ZLIB and int.from_bytes(raw[:2], "big") % 31 == 0:
        return Undecodable("the body is packed with zlib (deflate), not text", unpack)
    if policy.replaces_bytes or not _control(raw, 0, _START):
        return None
    return Undecodable("the body is binary data, not text", f"if it is packed (with brotli?), {unpack}")


def _other_encoding(raw: bytes) -> str | None:
    for mark, name in _MARKS:
        if raw.startswith(mark):
            return name
    found = _ZEROS.get(tuple(byte == 0 for byte in raw[:4])) if len(raw) >= 4 else None  # type: ignore[arg-type]
    return found if found is not None and _begins_as_text(raw, found) else None


def _begins_as_text(raw: bytes, encoding: str) -> bool:
    """True if the first two characters are those of a text: binary data holds zeros, too."""
    try:
        start = raw[: 8 if encoding.startswith("utf-32") else 4].decode(encoding)
    except UnicodeDecodeError:
        return False
    return all(each in "\t\n\r" or (each.isascii() and each.isprintable()) for each in start)


def _decode_other(raw: bytes, encoding: str, policy: Policy) -> Decoded | Undecodable:
    title = encoding[:6].upper()
    if not policy.replaces_bytes:
        return Undecodable(
            f"the body is {title}, not UTF-8",
            "have it sent as UTF-8, or declare `encoding_errors: replace` to have it decoded",
        )
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as error:
        return Undecodable(f"the body is neither UTF-8 nor whole {title}: byte {error.start}", "")
    return Decoded(text.removeprefix("\ufeff"), (Repair(encoding[:6].replace("-", ""), 1, 1, 1),))


def _replace(encoded: bytes, first: int) -> Decoded:
    text = encoded.decode("utf-8", "replace")
    # U+FFFD that were sent do not count: their first byte never continues another character.
    count = text.count(_REPLACED) - encoded.count(_REPLACED.encode())
    line, column = place(text, len(encoded[:first].decode("utf-8")))
    return Decoded(text, (Repair("invalid_utf8", count, line, column),))
