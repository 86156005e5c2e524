"""Calendar: English names of months and weekdays, two-digit years, and the expression of a valid date."""

from __future__ import annotations

# Names in English whatever the host's locale, in the order of the calendar; the week begins on Monday, as
# in `datetime.weekday`.
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKDAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")

_DAYS = (
    r"(?:0[13578]|1[02])-(?:0[1-9]|[12][0-9]|3[01])"
    r"|(?:0[469]|11)-(?:0[1-9]|[12][0-9]|30)"
    r"|02-(?:0[1-9]|1[0-9]|2[0-8])"
)
_LEAP_YEAR = r"(?:[0-9]{2}(?:0[48]|[2468][048]|[13579][26])|(?:[02468][048]|[13579][26])00)"
# The `full-date` of RFC 3339 with its calendar, so that a check is one call; Python has no year 0000.
DATE = rf"(?!0000)(?:[0-9]{{4}}-(?:{_DAYS})|{_LEAP_YEAR}-02-29)"


def full_year(year: int) -> int:
    """The year that two digits mean: 1969 to 2068, as POSIX has it for `%y` of strptime."""
    return year + (1900 if year >= 69 else 2000)
