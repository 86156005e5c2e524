"""Request: the part of a head that is kept."""

from __future__ import annotations

from mapper.receiver.request import Kept, ReceivedRequest, RequestHead

HEAD = RequestHead(
    "POST",
    "/acme",
    (
        ("x-api-key", "s3cret"),
        ("x-request-id", "r1"),
        ("user-agent", "Acme/1.0"),
        ("x-forwarded-url", "https://a.example/acme?key=s3cret"),
        ("x-umlaut", "s\xc3\xa9cret"),
    ),
    (("kind", "order"), ("key", "s3cret"), ("copy", "as3cretb"), ("kind", "again"), ("s\xe9cret", "")),
    "acme",
)


def test_chosen_headers_are_kept() -> None:
    kept = Kept(frozenset({"x-request-id", "x-absent"})).part_of(HEAD)
    assert kept.headers == (("x-request-id", "r1"),)
    assert kept.query == HEAD.query


def test_all_headers_but_private_ones_are_kept() -> None:
    kept = Kept(None, frozenset({"x-api-key"})).part_of(HEAD)
    assert [name for name, _ in kept.headers] == ["x-request-id", "user-agent", "x-forwarded-url", "x-umlaut"]


def test_a_private_header_is_not_kept_even_if_it_is_chosen() -> None:
    assert Kept(frozenset({"x-api-key"}), frozenset({"x-api-key"})).part_of(HEAD).headers == ()


def test_private_parameters_are_not_kept() -> None:
    kept = Kept(None, private_parameters=frozenset({"key", "kind"})).part_of(HEAD)
    assert [name for name, _ in kept.query] == ["copy", "s\xe9cret"]


def test_a_value_that_holds_a_secret_is_not_kept_under_any_name() -> None:
    kept = Kept(None, secrets=(b"s3cret", "s\xe9cret".encode())).part_of(HEAD)
    assert [name for name, _ in kept.headers] == ["x-request-id", "user-agent"]
    assert kept.query == (("kind", "order"), ("kind", "again"))


def test_repr_shows_no_values() -> None:
    text = repr(ReceivedRequest(HEAD, b"body-bytes", "2026-01-01T00:00:00Z")) + repr(
        Kept(None, secrets=(b"s3cret",))
    )
    assert "s3cret" not in text
    assert "body-bytes" not in text
    assert "/acme" in text


def test_values_are_found_by_name() -> None:
    assert HEAD.header("x-request-id") == ["r1"]
    assert HEAD.parameter("kind") == ["order", "again"]
    assert HEAD.header("absent") == HEAD.parameter("absent") == []


def test_a_request_as_mappings_see_it() -> None:
    head = RequestHead("POST", "/a", (("a", "1"), ("b", "2"), ("a", "3")), (("q", "1"), ("q", "2")), "s")
    found = ReceivedRequest(head, b"", "2026-01-01T00:00:00Z").scopes({"s": 1})
    assert found.headers == {"a": "1, 3", "b": "2"}
    assert found.query == {"q": "2"}
    assert found.settings == {"s": 1}
    assert found.received_at == "2026-01-01T00:00:00.000Z"
