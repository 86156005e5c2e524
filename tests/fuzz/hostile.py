"""Hostile: values, keys, wraps and tokens that fuzzers put into trees.

Values are text of JSON in Latin-1, so that bytes can stand in them that are no UTF-8.
"""

from __future__ import annotations

# Values in place of others: other types, limits, texts with a meaning elsewhere.
SCALARS = [
    *("null", "true", "false", "0", "1", "-1", "-0", "2.5", "1.0", "1e5", "0.1", "1795464000"),
    *("1795464000123", "9007199254740993", "9223372036854775808", "18446744073709551616", "1e300"),
    *("1e308", "-1e308", "5e-324", '""', '" "', '"x"', '"1"', '"0500"', '"true"', '"null"', '"-"'),
    *('"NaN"', '"$"', '"{}"', '"[1]"', '"2026-11-23T20:00:00Z"', '"0001-01-01T00:00:00+23:59"'),
    *('"9999-12-31T23:59:60Z"', '"1795464000.25"', '"2026-02-30"', '"2026-11-23 20:00:00.123456789"'),
    *('"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\u2028"', '"\\ud83d\\ude00"', '"\xc3\xa9"'),
    *('"\xf0\x9f\x98\x80"', '"\\u001b[2J"', '"\\n::error::x"', '"</script>"', '"__proto__"'),
    *('"__class__"', '"{{ a }}"', '"{% raw %}"', '"%s%n"', '"../../x"', '"\\u202e"', '"\\ufeff"'),
]
NESTED = [
    *("[]", "{}", "[[]]", "[{}]", "[null]", '[1, "a"]', '{"": 0}', '{"a": {"b": []}}'),
    *('{"\\u0000": 1}', '{"a": 1, "a": 2}', '{"a": 1, "\\u0061": 2}', '{"__proto__": {}}'),
    *('[[[["a"]]]]', '{"a": [1, 1.0, true]}'),
]
# What is large, deep or no JSON is read a hundred times slower than all else.
LARGE = [
    *("[" * depth + "]" * depth for depth in (64, 199, 201, 700)),
    *('{"a":' * depth + "1" + "}" * depth for depth in (64, 198, 300)),
    *("9" * 310, "9" * 4301, "0." + "9" * 400, "1" + "0" * 400 + "e-400", '"' + "x" * 5000 + '"'),
    *('"' + "\\ud83d\\ude00" * 900 + '"', "[" + "0," * 3000 + "0]", "[" + "{}," * 1200 + "{}]"),
    *('{"' + "k" * 3000 + '": 1}', "{" + ",".join(f'"k{n}":{n}' for n in range(600)) + "}"),
    "-" + "0" * 30,
]
BROKEN = [
    *(
        "1e999",
        "-1e999",
        "1e99999999999999999999",
        "1E-400",
        "NaN",
        "Infinity",
        "-",
        ".5",
        "01",
        "+1",
        "1.",
        "0x1",
        "tru",
    ),
    *(
        "undefined",
        '"',
        "'x'",
        '"\\x"',
        '"\\u12"',
        '"\x00"',
        '"\xff"',
        '"\xc3"',
        '"\xed\xa0\x80"',
        "\xef\xbb\xbf",
        "",
    ),
    *(",", "[", "]", "{", "}", ":", "[1,]", '{"a"}', '{"a":}', "{a: 1}", "/**/1", "#", "[1 2]", "\\"),
    *("\x00", "&a 1"),
]
KEYS = [
    *('""', '"a"', '"\\u0000"', '"\\ud800"', '"a.b"', '"a[0]"', '"a\\"b"', '"__proto__"', '"\xc3\xa9"'),
    *("null", "1"),
]
WRAPS = [
    *(("[", "]"), ('{"a": ', "}"), ("[[", "]]"), ("[null, ", "]"), ('{"": ', "}")),
]
# Operators and modifiers around a value of a mapping.
OPERATORS = [
    *(("{first_of: [", "]}"), ("{first_of: [$.a, ", "]}"), ("{first_nonblank: [$.b, ", ", x]}")),
    *(("{object: {a: ", "}}"), ("{a: ", ", b: $.b}"), ("{merge: [{a: ", "}, $.c]}"), ("[", "]")),
    *(("[$.a, ", "]"), ("{map: '$.b[*]', to: ", "}"), ("{map: $.c, to: {x: ", "}}")),
    *(("{when: a, then: ", "}"), ("{hash: [", "]}"), ("{when: a == 1, then: 0, else: ", "}")),
    *(("{match: $.a, cases: {x: ", "}, else: 1}"), ("{literal: ", "}"), ("{path: $.a, of: ", "}")),
    *(("{entries: ", "}"), ("{object_from: $.c, key: $.a, value: ", "}")),
    *(("{first_of: [", "], as: json}"), ("{first_of: [", "], as: string, on_error: omit, default: x}")),
    *(("{first_of: [", "], prune: [null, blank]}"), ("{first_of: [", "], as: object, omit: [a]}")),
]
# Tokens of paths, templates and conditions.
BITS = [
    *("$", "@", ".", "..", "*", "[", "]", "[*]", "[?", "(", ")", "[0]", "[-1]", "[1:]", "[::-1]"),
    *("['a']", "'a'", '"a"', "==", "!=", "<", ">=", "&&", "||", "!", "|", ",", ":", "and", "or"),
    *("contains", "not", "nil", "blank", "empty", "a", "b", "c", "item", "envelope", "key", "vars.v"),
    *("header.x", "setting.s", "query.q", "received_at", "forloop", "{{", "}}", "{{-", "-%}", "{%"),
    *("%}", "{% if a %}", "{% else %}", "{% endif %}", "{% for x in c %}", "{% endfor %}"),
    *("{% assign v = a %}", "{% capture v %}", "{% endcapture %}", "{% case a %}", "{% when 1 %}"),
    *("{% endcase %}", "{% raw %}", "{% endraw %}", "{% break %}", "{% cycle 1, 2 %}"),
    *("{% increment n %}", "{% unless a %}", " | json", " | size", " | default: 1", " | date: '%Y'"),
    *(" | split: ''", " | join: '-'", " | times: 2", " | sort", " | upcase", " | first", " | map: 'a'"),
    *(" | round", " | slice: 1, 2", " | strip_html", " | escape", " | sum: 'a'", "length(@)"),
    *("count(@.*)", "value(@.a)", "match(@, 'a+')", "search(@, '(a|b)*c')", "(1..3)", "1", "0", "-1"),
    *("1.5", "999999999999999999999", "\u2028", "\x00", "\\", "\xe9", "😀", " ", "\n", "{", "}", "%", "#"),
    *("-", "~", "1e400"),
]
