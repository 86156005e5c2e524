"""Examples: how many random ones a property is tried on.

`pytest --hypothesis-profile=thorough` takes five times as many.
"""

from __future__ import annotations

from hypothesis import HealthCheck, settings

# A property is never failed for the time it takes: that depends on the machine and on what else runs on it.
QUICK = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])


def register_profiles() -> None:
    """Make the profiles `quick`, which is loaded, and `thorough` known."""
    settings.register_profile("quick", QUICK)
    settings.register_profile("thorough", QUICK, max_examples=5 * QUICK.max_examples)
    settings.load_profile("quick")


def examples(count: int, *unchecked: HealthCheck) -> settings:
    """Settings for so many examples, or five times as many in the profile `thorough`."""
    factor = settings().max_examples // QUICK.max_examples
    return settings(max_examples=count * factor, suppress_health_check=[HealthCheck.too_slow, *unchecked])
