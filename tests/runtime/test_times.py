"""Times: cases from cases/values, and properties against datetime and slow independent readers."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from fractions import Fraction
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rfc3339_validator import validate_rfc3339

from mapper.runtime.missing import INVALID
from mapper.runtime.times.formats import resemblance
from mapper.runtime.times.patterns import check_pattern, compile_pattern, pattern
from mapper.runtime.times.times import (
    check_window,
    epoch,
    iso8601,
    iso8601_comma,
    parse_bound,
    within,
    write_time,
)
from mapper.runtime.times.writing import (
    DigitsForm,
    EpochForm,
    PatternForm,
    canonical,
    check_written_pattern,
    write,
    written_lengths,
)
from mapper.runtime.times.zones import load_zone
from support.examples import examples
from support.places import TESTS
from support.yaml_text import load_yaml

CASES = TESTS / "cases" / "values"
CANONICAL = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z")

moments = st.datetimes()
offsets = st.integers(-1439, 1439)


def rows(name: str, key: str) -> list[object]:
    loaded = load_yaml(CASES / name)
    return [pytest.param(row, id=ascii(" ".join(map(str, row.values())))) for row in loaded if key in row]


def expected(row: dict[str, object]) -> object:
    return INVALID if row["output"] == "INVALID" else row["output"]


def is_canonical(text: object) -> bool:
    return isinstance(text, str) and bool(CANONICAL.fullmatch(text)) and bool(validate_rfc3339(text))


def canonical_of(moment: datetime) -> str:
    """The canonical text of a naive UTC moment, field by field."""
    date = f"{moment.year:04}-{moment.month:02}-{moment.day:02}"
    return f"{date}T{moment.hour:02}:{moment.minute:02}:{moment.second:02}.{moment.microsecond // 1000:03}Z"


@pytest.mark.parametrize("row", rows("iso8601.yaml", "value"))
def test_iso8601(row: dict[str, object]) -> None:
    zone = load_zone(str(row["zone"])) if "zone" in row else None
    result = iso8601(row["value"], zone)
    assert result == expected(row)
    assert result is INVALID or is_canonical(result)


@pytest.mark.parametrize("row", rows("epoch.yaml", "value"))
def test_epoch(row: dict[str, object]) -> None:
    result = epoch(row["value"], int(str(row["unit"])))
    assert result == expected(row)
    assert result is INVALID or is_canonical(result)


@pytest.mark.parametrize("row", rows("patterns.yaml", "value"))
def test_pattern(row: dict[str, object]) -> None:
    assert check_pattern(str(row["pattern"])) is None
    zone = load_zone(str(row["zone"])) if "zone" in row else None
    result = pattern(row["value"], compile_pattern(str(row["pattern"])), zone)
    assert result == expected(row)
    assert result is INVALID or is_canonical(result)


@pytest.mark.parametrize("row", rows("patterns.yaml", "problem"))
def test_unusable_pattern_is_told_before_any_event(row: dict[str, str]) -> None:
    message = check_pattern(row["pattern"])
    assert message is not None
    assert row["problem"] in message
    with pytest.raises(ValueError, match=re.escape(message)):
        compile_pattern(row["pattern"])


@pytest.mark.parametrize(
    ("text", "reads_zone"),
    [("%Y-%m-%d", False), ("%Y-%m-%d %H:%M %z", True), ("$D_%s", True), ("%Y-%m-%d %%z", False)],
)
def test_pattern_tells_whether_it_needs_a_zone(text: str, reads_zone: bool) -> None:
    assert compile_pattern(text).reads_zone is reads_zone


def test_pattern_reads_no_text_longer_than_a_time_can_be() -> None:
    compiled = compile_pattern("%d %b %Y")
    assert pattern(f"23{' ' * 190}Nov 2026", compiled, UTC) == "2026-11-23T00:00:00.000Z"
    assert pattern(f"23{' ' * 191}Nov 2026", compiled, UTC) is INVALID
    assert pattern(f"23{' ' * 1_000_000}Nov 2026", compiled, UTC) is INVALID


@pytest.mark.parametrize("row", rows("windows.yaml", "inside"))
def test_within(row: dict[str, str | None]) -> None:
    lo = parse_bound(row["lo"]) if row["lo"] else None
    hi = parse_bound(row["hi"]) if row["hi"] else None
    assert (lo is None, hi is None) == (row["lo"] is None, row["hi"] is None)
    assert within(str(row["time"]), lo, hi, row.get("received")) is row["inside"]


@pytest.mark.parametrize("row", rows("windows.yaml", "bound"))
def test_unreadable_bound(row: dict[str, str]) -> None:
    assert parse_bound(row["bound"]) is None


@pytest.mark.parametrize("row", rows("windows.yaml", "empty"))
def test_empty_window(row: dict[str, str | None]) -> None:
    lo = parse_bound(row["lo"]) if row["lo"] else None
    hi = parse_bound(row["hi"]) if row["hi"] else None
    assert (check_window(lo, hi) is not None) is row["empty"]


@pytest.mark.parametrize("row", rows("zones.yaml", "zone"))
def test_zone(row: dict[str, object]) -> None:
    zone = load_zone(str(row["zone"]))
    if row["minutes"] is None:
        assert zone is None
    else:
        assert zone is not None
        assert zone.utcoffset(datetime(2026, 7, 1)) == timedelta(minutes=int(str(row["minutes"])))


@given(st.text())
def test_zone_of_any_text_is_a_zone_or_none(text: str) -> None:
    zone = load_zone(text)
    assert zone is None or zone.utcoffset(datetime(2026, 7, 1)) is not None


def test_iso8601_knows_every_day_of_the_calendar() -> None:
    for year in (0, 1, 4, 100, 1900, 1996, 2000, 2023, 2024, 2100, 2400, 9996, 9999):
        for month in range(14):
            for day in range(33):
                text = f"{year:04}-{month:02}-{day:02}T00:00:00.000Z"
                try:
                    datetime(year, month, day)
                except ValueError:
                    assert iso8601(text, None) is INVALID
                    assert iso8601(text.replace(".000Z", "+00:00"), None) is INVALID
                else:
                    assert iso8601(text, None) == text
                    assert iso8601(text.replace(".000Z", "+00:00"), None) == text


@given(moments, offsets, st.sampled_from("Tt "), st.integers(1, 9), st.booleans())
def test_iso8601_round_trip(moment: datetime, offset: int, letter: str, digits: int, colon: bool) -> None:
    local = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    sign, hours, minutes = "-" if offset < 0 else "+", abs(offset) // 60, abs(offset) % 60
    fraction = f"{moment.microsecond:06}999"[:digits]
    head = f"{canonical_of(moment)[:10]}{letter}{canonical_of(moment)[11:19]}"
    text = f"{head}.{fraction}{sign}{hours:02}{':' if colon else ''}{minutes:02}"
    try:
        in_utc = local.astimezone(UTC)
    except OverflowError:
        assert iso8601(text, None) is INVALID
        return
    assert iso8601(text, None) == f"{canonical_of(in_utc)[:19]}.{fraction.ljust(3, '0')[:3]}Z"


@given(moments, st.sampled_from(["Europe/Berlin", "America/St_Johns", "Asia/Kolkata", "Pacific/Apia"]))
def test_zone_less_time_reads_as_zoneinfo_does(moment: datetime, name: str) -> None:
    text = moment.isoformat()
    try:
        in_utc = moment.replace(tzinfo=ZoneInfo(name), fold=0).astimezone(UTC)
    except OverflowError:
        assert iso8601(text, load_zone(name)) is INVALID
        return
    assert iso8601(text, load_zone(name)) == canonical_of(in_utc)


def read_slowly(text: str) -> str | None:
    """An independent reader: cuts the text apart and leaves each part to strptime; second 60 is left out."""
    head, tail = text[:19], text[19:]
    if not text.isascii() or len(head) != 19 or head[10] not in "Tt " or not head[:4].isdigit():
        return None
    fraction = ""
    if tail.startswith("."):
        fraction = tail[1:].split("Z")[0].split("z")[0].split("+")[0].split("-")[0]
        if not fraction.isdigit():
            return None
        tail = tail[1 + len(fraction) :]
    if tail in ("Z", "z"):
        tail = "+0000"
    if len(tail) == 3:
        tail += "00"
    shape = re.sub("[0-9]", "9", head) + "|" + re.sub("[0-9]", "9", tail)
    if not re.fullmatch(r"9999-99-99.99:99:99\|[+-]99:?99", shape) or head[17:19] >= "60":
        return None
    try:
        moment = datetime.strptime(head[:10] + "T" + head[11:] + tail, "%Y-%m-%dT%H:%M:%S%z")
        return f"{canonical_of(moment.astimezone(UTC))[:19]}.{fraction.ljust(3, '0')[:3]}Z"
    except (ValueError, OverflowError):
        return None


near_times = st.from_regex(
    r"[0-3][0-9]{3}-[01][0-9]-[0-3][0-9][Tt _][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{0,10})?"
    r"([Zz ]|[+-][0-2][0-9]:?([0-6][0-9])?)?",
    fullmatch=True,
)


@examples(500)
@given(near_times)
def test_iso8601_agrees_with_a_slow_reader(text: str) -> None:
    result = iso8601(text, None)
    assert (None if result is INVALID else result) == read_slowly(text)


@examples(300)
@given(near_times, st.integers(0, 30), st.characters())
def test_iso8601_agrees_on_damaged_text(text: str, place: int, letter: str) -> None:
    damaged = text[:place] + letter + text[place + 1 :]
    if damaged[17:19] != "60":
        result = iso8601(damaged, None)
        assert (None if result is INVALID else result) == read_slowly(damaged)


def exact_time(count: Fraction, unit: int) -> object:
    milliseconds = (count * 1000 / unit).__floor__()
    try:
        return canonical_of(datetime(1970, 1, 1) + timedelta(milliseconds=milliseconds))
    except OverflowError:
        return INVALID


@given(st.integers(-(10**17), 10**18), st.sampled_from([1, 1000, 1_000_000]))
def test_epoch_of_integers_is_exact(count: int, unit: int) -> None:
    assert epoch(count, unit) == exact_time(Fraction(count), unit)
    assert epoch(str(count), unit) == exact_time(Fraction(count), unit)


@given(st.floats(-1e12, 1e16), st.sampled_from([1, 1000, 1_000_000]))
def test_epoch_of_floats_is_that_of_their_text(count: float, unit: int) -> None:
    assert epoch(count, unit) == epoch(repr(count), unit) == exact_time(Fraction(repr(count)), unit)


@given(moments)
def test_epoch_and_iso8601_agree(moment: datetime) -> None:
    microseconds = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1)
    assert epoch(microseconds, 1_000_000) == iso8601(moment.isoformat(), UTC) == canonical_of(moment)


@given(
    st.datetimes(datetime(1969, 1, 1), datetime(2068, 12, 31)),  # the years `%y` can say
    st.sampled_from(["%Y-%m-%d %H:%M:%S", "%d %b %y", "%A %d. %B %Y %I:%M %p", "%Y%m%d%H%M%S%f", "%j/%Y"]),
)
def test_pattern_reads_what_strftime_writes(moment: datetime, text: str) -> None:
    written = moment.strftime(text)
    assert pattern(written, compile_pattern(text), UTC) == canonical_of(datetime.strptime(written, text))


@given(st.text(alphabet="%YymdbBaAHIMSfpszj -:0T", max_size=20), st.text(max_size=30))
def test_any_pattern_is_refused_or_reads_without_raising(text: str, value: str) -> None:
    if check_pattern(text) is None:
        result = pattern(value, compile_pattern(text), UTC)
        assert result is INVALID or is_canonical(result)


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(),
    st.binary(),
    st.decimals(),
    st.datetimes(),
    st.lists(st.integers()),
    st.dictionaries(st.text(), st.integers()),
    st.just(10**10_000),
    st.just("9" * 10_000),
    st.just(object()),
)


@given(anything)
def test_no_value_raises(value: object) -> None:
    compiled = compile_pattern("%Y-%m-%d %H:%M:%S.%f%z")
    for result in (
        iso8601(value, UTC),
        epoch(value, 1),
        epoch(value, 1_000_000),
        pattern(value, compiled, UTC),
    ):
        assert result is INVALID or is_canonical(result)


@given(
    st.datetimes(
        timezones=st.sampled_from([UTC, timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Asia/Tokyo")])
    )
)
def test_write_time(moment: datetime) -> None:
    try:
        in_utc = moment.astimezone(UTC)
    except OverflowError:
        assert write_time(moment) is INVALID
        return
    assert write_time(moment) == canonical_of(in_utc)


def test_write_time_refuses_a_naive_moment() -> None:
    assert write_time(datetime(2026, 11, 23)) is INVALID


def test_texts_of_the_canonical_length_are_times_or_not() -> None:
    """Any one or two characters of a canonical time replaced: form and calendar say what is a time."""
    time = "2024-02-28T23:59:59.999Z"
    odd = "0123456789:-+.TZ W\u0663\ud800"
    one = {time[:at] + new + time[at + 1 :] for at in range(24) for new in odd}
    texts = {text[:at] + new + text[at + 1 :] for text in one for at in range(24) for new in "0146-+.Z"}
    found = {text for text in texts if iso8601(text, None) == text}
    assert found == {text for text in texts if is_canonical(text)}
    assert len(found) > 1_000


@given(
    st.sampled_from(
        [
            "2026-05-04T10:20:30.977Z",
            "2026-05-04 10:20:30.977000",
            "2026-05-04T10:20:30Z",
            "2026-05-04 10:20:30",
            "2026-05-04T10:20:30+0530",
            "2026-05-04 10:20:30.5-08:00",
            "9999-12-31T23:59:59.999999-01",
        ]
    ),
    st.lists(
        st.tuples(st.integers(0, 32), st.sampled_from([*"0123456789:-+., TZtzW\u0663", ""]), st.booleans()),
        max_size=3,
    ),
    st.sampled_from([None, UTC, timezone(timedelta(hours=5, minutes=30)), ZoneInfo("Europe/Berlin")]),
)
def test_a_look_at_the_shape_changes_no_outcome(
    text: str, changes: list[tuple[int, str, bool]], zone: tzinfo | None
) -> None:
    for place, letter, replaces in changes:
        text = text[:place] + letter + text[place + replaces :]

    # A fine text is read without the look.
    fine = iso8601(text, zone, fine=True)
    assert iso8601(text, zone) == (canonical(fine) if isinstance(fine, str) else INVALID)


@given(moments, st.integers(0, 999), st.sampled_from([1, 1_000, 1_000_000, 1_000_000_000]))
def test_a_fine_text_keeps_nine_digits(moment: datetime, nanoseconds: int, unit: int) -> None:
    since = (moment - datetime(1970, 1, 1)) // timedelta(microseconds=1) * 1000 + nanoseconds
    fine = f"{canonical_of(moment)[:19]}.{moment.microsecond:06}{nanoseconds:03}Z"
    comma = fine.replace(".", ",")
    assert epoch(since, 1_000_000_000, True) == iso8601(fine, None, True) == iso8601_comma(comma, None, True)
    assert (
        pattern(fine, compile_pattern("%Y-%m-%dT%H:%M:%S.%f%z"), None, True)
        == iso8601(fine, None, True)
        == fine
    )
    assert canonical(fine) == iso8601(fine, None) == canonical_of(moment)
    assert write(fine, EpochForm(unit)) == since * unit // 1_000_000_000
    assert write(fine, DigitsForm(0)) == f"{fine[:19]}Z"
    assert write(fine, DigitsForm(6)) == f"{fine[:26]}Z"
    assert write(fine, DigitsForm(9)) == fine


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)),
    st.sampled_from(["UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe", "+05:30"]),
    st.lists(
        st.sampled_from([f"%{letter}" for letter in "YymbBdjHIpMSfzaA%"] + ["-", " ", "x1"]), max_size=6
    ),
)
def test_a_pattern_writes_what_strftime_writes(moment: datetime, zone: str, pieces: list[str]) -> None:
    text = "".join(["%d", *pieces])
    written = write(f"{moment.isoformat(timespec='microseconds')}789Z", PatternForm(text, zone))
    local = moment.replace(tzinfo=UTC).astimezone(load_zone(zone))
    assert written == local.strftime(text)
    shortest, longest = written_lengths(text)
    assert shortest <= len(str(written)) <= longest


@given(
    st.datetimes(datetime(1970, 1, 1), datetime(2068, 12, 31)),
    st.sampled_from(["%Y%m%d%H%M%S%f%z", "%a, %d %b %y %I:%M:%S.%f %p %z", "%j %Y %H:%M:%S.%f%z", "[%s.%f]"]),
    # In Monrovia clocks were 44 minutes and 30 seconds late until 1972.
    st.sampled_from(["UTC", "Europe/Berlin", "-03:30", "Africa/Monrovia"]),
)
@example(datetime(1970, 6, 1), "%Y%m%d%H%M%S%f%z", "Africa/Monrovia")
def test_a_pattern_reads_what_it_writes(moment: datetime, text: str, zone: str) -> None:
    fine = f"{moment.isoformat(timespec='microseconds')}000Z"
    written = write(fine, PatternForm(text, zone))
    assert pattern(written, compile_pattern(text), None, True) == fine


@pytest.mark.parametrize("text", ["", "today", "%%", "%c", "%Y%", "%-d"])
def test_a_pattern_that_writes_no_time_is_told_before_any_event(text: str) -> None:
    assert check_written_pattern(text)


@pytest.mark.parametrize(
    ("value", "formats", "part"),
    [
        ("2020-11-04T09:39:29", "iso8601", "`zone: UTC`"),
        ("2020-11-04T09:39:29", "epoch_s, iso8601", "`zone: UTC`"),
        ("2020-11-04T09:39:29", "epoch_s", "`iso8601`: add it to `from`, with a `zone:`"),
        ("2020-11-04T09:39Z", "iso8601", "`iso8601_minutes`: add"),
        ("2020-11-04T09:39", "iso8601", "`iso8601_minutes`: add it to `from`, with a `zone:`"),
        ("2020-11-04T09:39:29,5+01", "iso8601", "`iso8601_comma`: add"),
        ("2020-11-04", "iso8601", "`date`: add it to `from`, with `time_of_day:`"),
        ("2020-11-04T09:39:29Z", "%Y, %d %m", "`iso8601`: add"),
        (1795464000, "iso8601", "`epoch_s`"),
        ("1795464000.5", "iso8601", "`epoch_s`"),
        (1795464000123, "epoch_s", "`epoch_ms`"),
        ("1795464000123456", "epoch_ms", "`epoch_us`"),
        (1795464000123456789, "epoch_us", "`epoch_ns`"),
    ],
)
def test_a_value_that_resembles_another_format(value: object, formats: str, part: str) -> None:
    sentence = resemblance(value, formats)
    assert sentence is not None
    assert part in sentence
    assert str(value) not in sentence


@pytest.mark.parametrize(
    "value",
    [
        "soon",
        "",
        7,
        -1,
        20201104,
        "20201104",
        True,
        None,
        [],
        {},
        1e300,
        10**400,
        "0001-01-01T00:00:00",
        object(),
    ],
)
def test_a_value_that_resembles_no_format(value: object) -> None:
    assert resemblance(value, "%d, %m, %Y") is None
