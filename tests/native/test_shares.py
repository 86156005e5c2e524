"""On realistic traffic the core maps nearly all items by itself, and gives the bytes that Python gives."""

from __future__ import annotations

import pytest

from mapper.samples.cases import Sample
from support.native import assert_native, native_path, needs_core
from support.shipped import SHIPPED, shipped
from support.traffic import FORMS, traffic

# The least share of the items of a mapping that are the core's. One template is Python's.
SHARES = {
    **dict.fromkeys(("segment", "amplitude", "webengage", "server"), 0.9),
    **dict.fromkeys(("moengage", "clevertap", "amplitude-cohort"), 0.8),
    "clevertap-template": 0.0,
}


def requests(name: str) -> list[Sample]:
    """Fewer of those that hold many items."""
    return traffic(name, 40 if name in ("moengage", "amplitude-cohort") else 120)


def test_every_shipped_mapping_has_traffic() -> None:
    assert set(FORMS) == set(SHARES) == set(SHIPPED)


@needs_core
@pytest.mark.parametrize("name", SHIPPED)
def test_share(name: str) -> None:
    transform = shipped(name)
    mapped = items = 0
    for sample in requests(name):
        mapped += assert_native(transform, sample.body, sample.request)
        items += transform.json(sample.body, sample.request).items
    assert (native_path(transform) is not None) == (SHARES[name] > 0)
    assert items >= 100
    assert mapped >= SHARES[name] * items


@pytest.mark.parametrize("name", SHIPPED)
def test_traffic_is_realistic(name: str) -> None:
    """Most items become events, some do not; ids are not repeated; the same seed gives the same bodies."""
    samples = requests(name)
    assert [sample.body for sample in samples] == [sample.body for sample in requests(name)]
    events = items = 0
    ids = set()
    for sample in samples:
        result = shipped(name)(sample.body, sample.request)
        events += len(result.events)
        items += result.items
        ids |= {event["event_id"] for event in result.events}
    assert 0.88 * items < events < items
    assert len(ids) > 0.8 * events
