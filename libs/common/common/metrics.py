"""Metrics of one process in Prometheus's form: what is counted as it happens, and what is read when they are asked for.

Labels come from closed sets: route templates, methods, status codes, topics, states. Never an id, a path or a host.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

from prometheus_client import CollectorRegistry, Histogram, disable_created_metrics
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.exposition import choose_encoder
from prometheus_client.gc_collector import GCCollector
from prometheus_client.metrics_core import Metric
from prometheus_client.process_collector import ProcessCollector
from prometheus_client.registry import Collector

UNMATCHED = "unmatched"
"""The route of what no route takes."""
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_OTHER_METHOD = "_OTHER"
_SECONDS = (0.005, 0.01, 0.025, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1, 2.5, 5, 10)
_LOOK_AT_LOOP_SECONDS = 0.5

#: A series of its own beside each, which nothing asks for.
disable_created_metrics()  # type: ignore[no-untyped-call]

Reading: TypeAlias = float | Mapping[str, float] | None


@dataclass(frozen=True, slots=True)
class Gauge:
    """One thing that operators are told: under `name` in `/health/details`, as `metric` in `/metrics`.

    `ask` answers a number, or numbers by the words of `label`; None means that it cannot be known now.
    """

    name: str
    metric: str
    meaning: str
    ask: Callable[[], Awaitable[Reading]]
    label: str | None = None
    degrades: bool = False
    """Whether anything above 0 makes the process `degraded`."""

    def is_bad(self, reading: Reading) -> bool:
        """Not to be known now, or above what it should be."""
        if reading is None:
            return True
        values = reading.values() if isinstance(reading, Mapping) else (reading,)
        return self.degrades and any(values)

    def family(self, reading: Reading) -> Metric:
        """As Prometheus takes it."""
        return gauge(self.metric, self.meaning, reading, self.label)


class Metrics:
    """What one process counts, in a registry of its own."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Histogram(
            "http_server_request_duration_seconds",
            "Requests by route template: their number, their outcome and how long they took.",
            ("http_request_method", "http_route", "http_response_status_code"),
            buckets=_SECONDS,
            registry=self._registry,
        )
        self._loop_lag = Histogram(
            "wardline_event_loop_lag_seconds",
            "How much later than asked the event loop came back to a task.",
            buckets=_SECONDS,
            registry=self._registry,
        )
        ProcessCollector(registry=self._registry)
        GCCollector(registry=self._registry)
        self._asked = _Asked()
        self._registry.register(self._asked)
        self._observers: dict[tuple[str, str, int], Callable[[float], None]] = {}

    def request(self, method: str, route: str, status: int, seconds: float) -> None:
        """Notes one request that was answered. On the path of every request: looks its series up once."""
        series = (method if method in _METHODS else _OTHER_METHOD, route, status)
        observe = self._observers.get(series)
        if observe is None:
            observe = self._observers[series] = self._requests.labels(*series).observe
        observe(seconds)

    async def watch_loop(self) -> None:
        """Measures how late the event loop is, until cancelled."""
        now = asyncio.get_running_loop().time
        while True:
            asked = now() + _LOOK_AT_LOOP_SECONDS
            await asyncio.sleep(_LOOK_AT_LOOP_SECONDS)
            self._loop_lag.observe(max(0.0, now() - asked))

    def exposition(self, asked: Sequence[Metric], accept: str) -> tuple[bytes, str]:
        """Everything as text, with its media type; `asked` is what was asked for this answer."""
        self._asked.families = asked
        encode, media_type = choose_encoder(accept)
        text: bytes = encode(self._registry)
        return text, media_type


class _Asked(Collector):
    def __init__(self) -> None:
        self.families: Sequence[Metric] = ()

    def collect(self) -> Iterable[Metric]:
        return self.families


def gauge(metric: str, meaning: str, reading: Reading, label: str | None = None) -> Metric:
    """A gauge, or one per word of its label; without a sample where nothing is known."""
    family = GaugeMetricFamily(metric, meaning, labels=[label] if label else [])
    if isinstance(reading, Mapping):
        for word, value in reading.items():
            family.add_metric([word], value)
    elif reading is not None:
        family.add_metric([], reading)
    return family


def one_of(metric: str, meaning: str, label: str, words: Iterable[str], present: str) -> Metric:
    """A gauge per word of a closed set, 1 for the one that is true."""
    return gauge(metric, meaning, {word: float(word == present) for word in words}, label)


def info(metric: str, meaning: str, **facts: Any) -> Metric:
    """A gauge of 1 whose labels say what this process is."""
    family = GaugeMetricFamily(metric, meaning, labels=list(facts))
    family.add_metric([str(fact) for fact in facts.values()], 1)
    return family
