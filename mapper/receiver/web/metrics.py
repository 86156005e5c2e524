"""Metrics: the state of a receiver for Prometheus, at `/metrics`.

Names of sources and destinations are those of the configuration, fields those of the mappings: no text of a
request is a label, and the number of time series is bounded.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hmac import compare_digest

from prometheus_client import CollectorRegistry, ProcessCollector
from prometheus_client.exposition import choose_encoder
from prometheus_client.metrics_core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from mapper.receiver.configuration.keys import Secret
from mapper.receiver.configuration.settings import SpoolSettings
from mapper.receiver.spool.figures import DiskFigures, SpoolFigures, age
from mapper.receiver.spool.tables import EventKind, SpoolError
from mapper.receiver.web.health import NOT_STORED
from mapper.receiver.web.tally import Buckets, ReceiverTally
from mapper.version import __version__

# The ends of events that are delivered, by the names of their totals.
DELIVERED = ("delivered", "duplicate", "conflict")
Row = tuple[tuple[str, ...], float]


@dataclass(frozen=True, slots=True)
class OperatingState:
    """All that metrics and pages show: of the spool, its disk, and readiness.

    `used` are the bytes of the spool, `waiting` the requests that are not mapped.
    """

    figures: SpoolFigures
    disk: DiskFigures
    settings: SpoolSettings
    used: int
    waiting: int
    is_ready: bool
    is_degraded: bool


@dataclass(frozen=True, slots=True)
class MetricsPage:
    """Answers `/metrics`; `secrets` are the bearer tokens that are accepted, none if nobody needs one."""

    tally: ReceiverTally
    state: Callable[[], OperatingState]
    secrets: tuple[Secret, ...] = ()
    _process: CollectorRegistry = field(default_factory=CollectorRegistry, repr=False)

    def __post_init__(self) -> None:
        ProcessCollector(registry=self._process)

    def route(self) -> Route:
        """The route, for an application."""

        async def metrics(request: Request) -> Response:
            if not self._may_read(request.headers.get("authorization", "")):
                headers = {"www-authenticate": "Bearer", **NOT_STORED}
                return Response("a bearer token is needed\n", 401, headers, "text/plain")
            try:
                text, kind = await asyncio.to_thread(self.text, request.headers.get("accept", ""))
            except SpoolError:
                return Response("the spool cannot be read\n", 503, NOT_STORED, "text/plain")
            return Response(text, 200, {**NOT_STORED, "content-type": kind})

        return Route("/metrics", metrics, methods=["GET"])

    def text(self, accept: str = "") -> tuple[bytes, str]:
        """All metrics in a format that the header `accept` allows, and its name. Raises SpoolError."""
        families = list(metric_families(self.tally, self.state()))
        registry = CollectorRegistry()
        registry.register(_Given([*families, *self._process.collect()]))
        encode, kind = choose_encoder(accept)
        return encode(registry), kind

    def _may_read(self, authorization: str) -> bool:
        scheme, _, token = authorization.partition(" ")
        given = token.strip().encode("latin-1", "replace")
        right = [secret for secret in self.secrets if compare_digest(given, secret.value)]
        return not self.secrets or (bool(right) and scheme.lower() == "bearer")


@dataclass(frozen=True, slots=True, eq=False)
class _Given:
    """Metrics that are there already, as the encoder wants them."""

    families: list[Metric]

    def collect(self) -> Iterable[Metric]:
        return self.families


def metric_families(tally: ReceiverTally, state: OperatingState) -> Iterator[Metric]:
    """All metrics of a receiver, but for those of its process."""
    requests, rejected, tries = tally.copies()
    yield _counter(
        "mapper_requests", "Requests that were answered.", ("source", "status", "reason"),
        [((source, str(status), reason), count) for (source, status, reason), count in requests.items()],
    )  # fmt: skip
    yield _histogram("mapper_answer_seconds", "From a request's head to its answer.", tally.answers)
    yield _histogram(
        "mapper_commit_seconds",
        "From a request that waits for the disk to the end of its sync.",
        tally.commits,
    )
    yield from _source_families(state.figures)
    yield _counter(
        "mapper_rejected", "Items that were rejected, for each of their reasons.",
        ("source", "code", "field"), rejected.items(),
    )  # fmt: skip
    yield from _queue_families(state, tries)
    yield from _spool_families(state)


def _source_families(figures: SpoolFigures) -> Iterator[Metric]:
    sources = figures.sources.items()
    for name, sentence in (
        ("accepted", "Requests that are on disk, since the spool was made."),
        ("mapped", "Requests that were mapped."),
        ("skipped", "Items that a mapping skipped."),
    ):
        rows = [((source,), each.totals[name]) for source, each in sources]
        yield _counter(f"mapper_{name}", sentence, ("source",), rows)
    kinds = [kind.name.lower() for kind in EventKind]
    yield _counter(
        "mapper_events", "Events: fresh ones are delivered, duplicates counted, conflicts kept.",
        ("source", "kind"),
        [((source, kind), each.totals[kind]) for source, each in sources for kind in kinds],
    )  # fmt: skip
    rows = [((source,), each.dead_letters) for source, each in sources]
    yield _gauge("mapper_dead_letters", "Rejected items that are in the spool.", ("source",), rows)


def _queue_families(state: OperatingState, tries: Mapping[tuple[str, str], int]) -> Iterator[Metric]:
    queues = state.figures.queues.items()
    yield _counter(
        "mapper_delivered",
        "Events that a destination took; `duplicate` if it had them, `conflict` if it had others.",
        ("destination", "kind"),
        [((name, kind), each.totals[kind]) for name, each in queues for kind in DELIVERED],
    )  # fmt: skip
    yield _gauge(
        "mapper_pending_events", "Events that wait to be delivered.", ("destination",),
        [((name,), each.pending) for name, each in queues],
    )  # fmt: skip
    yield _gauge(
        "mapper_pending_seconds", "The time for which the first of them has waited.",
        ("destination",), [((name,), each.age) for name, each in queues],
    )  # fmt: skip
    yield _gauge(
        "mapper_undeliverable_events", "Events that were given up.", ("destination",),
        [((name,), each.dead) for name, each in queues],
    )  # fmt: skip
    yield _gauge(
        "mapper_circuit_open", "1 while a destination takes no events.", ("destination",),
        [((name,), each.is_open) for name, each in queues],
    )  # fmt: skip
    yield _counter(
        "mapper_delivery_attempts", "Tries to deliver events, by their result.", ("destination", "result"),
        tries.items(),
    )  # fmt: skip


def _spool_families(state: OperatingState) -> Iterator[Metric]:
    settings = state.settings
    for name, sentence, value in (
        ("waiting_requests", "Requests that wait to be mapped.", state.waiting),
        ("waiting_seconds", "The age of the first of them.", age(state.figures.oldest_waiting)),
        ("spool_bytes", "The bytes of the spool that are in use.", state.used),
        ("spool_max_bytes", "Its largest size.", settings.max_bytes),
        ("disk_free_bytes", "The bytes that are free on its disk.", state.disk.free),
        ("disk_min_free_bytes", "Those that are left free: below, requests get 503.", settings.min_free),
        ("ready", "1 while requests are taken.", state.is_ready),
        (
            "degraded",
            "1 while an old mapping or configuration serves in place of one with faults.",
            state.is_degraded,
        ),
    ):
        yield _gauge(f"mapper_{name}", sentence, (), [((), value)])
    yield _gauge("mapper_version", "1, with the version of mapper.", ("version",), [((__version__,), 1)])


def _counter(name: str, sentence: str, labels: tuple[str, ...], rows: Iterable[Row]) -> Metric:
    family = CounterMetricFamily(name, sentence, labels=labels)
    for values, count in rows:
        family.add_metric(values, count)
    return family


def _gauge(name: str, sentence: str, labels: tuple[str, ...], rows: Iterable[Row]) -> Metric:
    family = GaugeMetricFamily(name, sentence, labels=labels)
    for values, value in rows:
        family.add_metric(values, float(value))
    return family


def _histogram(name: str, sentence: str, buckets: Buckets) -> Metric:
    family = HistogramMetricFamily(name, sentence)
    bounds = [
        ("+Inf" if bound == float("inf") else str(bound), count) for bound, count in buckets.cumulative()
    ]
    family.add_metric((), bounds, buckets.sum)
    return family
