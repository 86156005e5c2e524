"""Digests without a source schema: M403 warns until a rule, a condition or a tag excludes nothing."""

from __future__ import annotations

import pytest

import mapper

FRAME = """\
mapping: case
{rules}
event:
  event_id: e-1
  event_name: Case
  user_id: u-1
  timestamp: 2026-11-23T20:00:00.000Z
  event_properties: {{p: {value}}}
"""
NO_ADDRESS = "skip: [{when: email == blank, reason: no address}]"
NO_KEY = "reject: [{when: setting.key == blank, reason: no key}]"


def warnings(rules: str, value: str) -> list[str]:
    found = mapper.check(FRAME.format(rules=rules, value=value))
    assert {d.code for d in found} <= {"M403"}, found
    return [d.labels[0].text.partition(",")[0] for d in found]


@pytest.mark.parametrize(
    ("rules", "value", "can_be"),
    [
        ("", "'{{ email | sha256 }}'", "this can be missing"),
        ("", "'{{ email | strip | downcase | sha256 }}'", "this can be missing"),
        ("", "{map: $.people, to: '{{ email | md5 }}'}", "this can be missing"),
        ("", "{when: email, then: '{{ email | md5 }}'}", "this can be blank"),
        ("", "'{% assign e = email | strip %}{{ e | md5 }}'", "this can be blank"),
        ("", "'{{ lines.size | md5 }}'", "this can be missing"),
        ("skip: [{when: email == nil, reason: none}]", "'{{ email | sha1 }}'", "this can be blank"),
        (NO_ADDRESS, "'{{ other | sha256 }}'", "this can be missing"),
        (NO_ADDRESS, "'{{ email | remove: \"x\" | sha256 }}'", "this can be blank"),
        (NO_ADDRESS, "'{{ email | hmac_sha256: setting.key }}'", "this can be missing"),
    ],
)
def test_digest_of_nothing_is_reported(rules: str, value: str, can_be: str) -> None:
    assert warnings(rules, value) == [can_be]


@pytest.mark.parametrize(
    ("rules", "value"),
    [
        (NO_ADDRESS, "'{{ email | sha256 }}'"),
        (NO_ADDRESS, "'{{ item.email | sha256 }}'"),
        (NO_ADDRESS, "'{{ email | strip | downcase | sha256 }}'"),
        (NO_ADDRESS.replace("skip", "reject"), "'{{ email | strip | sha512 }}'"),
        (NO_KEY, "'{{ \"a\" | hmac_sha256: setting.key }}'"),
        ("", "{when: email != blank, then: '{{ email | strip | md5 }}'}"),
        ("", "'{% if email != blank %}{{ email | upcase | md5 }}{% endif %}'"),
        ("", "'{% assign e = email | strip %}{% if e != blank %}{{ e | md5 }}{% endif %}'"),
        ("", "'{% for x in list %}{% if x != blank %}{{ x | md5 }}{% endif %}{% endfor %}'"),
        ("", "{compute: email | strip | sha256}"),
        ("", "{compute: 'email | hmac_sha256: setting.key'}"),
    ],
)
def test_digest_that_cannot_be_of_nothing_is_silent(rules: str, value: str) -> None:
    assert warnings(rules, value) == []
