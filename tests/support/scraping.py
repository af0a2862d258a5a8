"""What a process tells Prometheus, read by Prometheus's own parser."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from httpx2 import AsyncClient
from prometheus_client.parser import text_string_to_metric_families
from prometheus_client.samples import Sample

#: Labels, and what their words may look like: closed sets, nothing that names one person, thing or request.
LABELS: Mapping[str, str] = {
    "http_request_method": r"GET|HEAD|POST|PUT|PATCH|DELETE|OPTIONS|_OTHER",
    "http_route": r"unmatched|(/[a-z0-9_]+|/\{[a-z_]+(:path)?\}|/openapi\.json)+",
    "http_response_status_code": r"[0-9]{1,3}",
    "le": r"[0-9.]+|\+Inf",
    "topic": r"hospital\.[a-z0-9_]+\.[a-z0-9_]+\.(events|state)\.v1",
    "source": r"/hospital/[a-z0-9_]+",
    "state": r"[a-z_]+",
    "fate": r"[a-z_]+",
    "service": r"[a-z0-9_]+",
    "version": r"[0-9]+\.[0-9]+\.[0-9]+.*",
    "generation": r"[0-9]",
}
_NAME = re.compile(r"(wardline|http_server|process|python)_[a-z_]+")
_UNIT = re.compile(r"_(seconds|bytes|records|partitions|events|entries|ratio|info|total|count|sum|bucket)$")
#: Counts of things that are their own unit.
_THINGS = frozenset(
    {
        *("wardline_beds", "wardline_dead_letters", "wardline_unanswered_wants", "wardline_relay_active"),
        *("wardline_audit_active", "wardline_health_state", "wardline_kafka_reachable"),
        *("wardline_audit_stream_first_missing", "wardline_audit_sequence_first_missing"),
        *("wardline_keys_to_rewrap", "wardline_digests_to_fill"),
        *("process_open_fds", "process_max_fds"),
    }
)


@dataclass(frozen=True)
class Scraped:
    samples: tuple[Sample, ...]

    def value(self, name: str, **labels: str) -> float:
        """The one sample of this name and these labels, among others."""
        (found,) = self.all(name, **labels)
        return found

    def all(self, name: str, **labels: str) -> list[float]:
        return [
            sample.value
            for sample in self.samples
            if sample.name == name and labels.items() <= sample.labels.items()
        ]

    def unconventional(self) -> Iterator[str]:
        """Names without a unit in Prometheus's style, and labels that are from no closed set."""
        for sample in self.samples:
            if not _NAME.fullmatch(sample.name):
                yield sample.name
            if not (sample.name in _THINGS or _UNIT.search(sample.name)):
                yield sample.name
            for label, word in sample.labels.items():
                if not re.fullmatch(LABELS.get(label, "(?!)"), word):
                    yield f"{sample.name}{{{label}={word}}}"


async def scraped(client: AsyncClient) -> Scraped:
    answer = await client.get("/metrics")
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"].startswith("text/plain")
    families = list(text_string_to_metric_families(answer.text))
    assert len({family.name for family in families}) == len(families)
    assert all(family.documentation for family in families)
    return Scraped(tuple(sample for family in families for sample in family.samples))
