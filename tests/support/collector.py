"""An OpenTelemetry collector that remembers what it was sent."""

from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from aiohttp import web
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from opentelemetry.proto.common.v1.common_pb2 import KeyValue
from opentelemetry.proto.trace.v1.trace_pb2 import Span as Sent


@dataclass(frozen=True)
class Span:
    """One span as its process told it."""

    service: str
    kind: str
    name: str
    id: str
    parent: str
    trace: str
    failed: bool
    attributes: Mapping[str, str | int]

    def __str__(self) -> str:
        return f"{self.service}: {self.name}"


@dataclass
class Collector:
    url: str = ""
    spans: list[Span] = field(default_factory=list)

    def of(self, trace: str) -> list[Span]:
        return [span for span in self.spans if span.trace == trace]

    def way_to(self, span: Span) -> list[Span]:
        """From the first span of its trace that was sent here to this one."""
        by_id = {other.id: other for other in self.spans}
        way = [span]
        while way[0].parent in by_id:
            way.insert(0, by_id[way[0].parent])
        return way

    async def take(self, request: web.Request) -> web.Response:
        sent = ExportTraceServiceRequest.FromString(await request.read())
        for of_process in sent.resource_spans:
            service = str(_read(of_process.resource.attributes)["service.name"])
            for of_scope in of_process.scope_spans:
                self.spans += [_span(service, span) for span in of_scope.spans]
        return web.Response()


def _span(service: str, sent: Sent) -> Span:
    kind = Sent.SpanKind.Name(sent.kind).removeprefix("SPAN_KIND_").lower()
    ids = (sent.span_id.hex(), sent.parent_span_id.hex(), sent.trace_id.hex())
    return Span(service, kind, sent.name, *ids, sent.status.code == 2, _read(sent.attributes))


def _read(attributes: Iterator[KeyValue]) -> dict[str, str | int]:
    return {
        one.key: one.value.string_value if one.value.HasField("string_value") else one.value.int_value
        for one in attributes
    }


@asynccontextmanager
async def a_collector() -> AsyncIterator[Collector]:
    collector = Collector()
    app = web.Application()
    app.router.add_post("/v1/traces", collector.take)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0]
    collector.url = f"http://{host}:{port}"
    try:
        yield collector
    finally:
        await runner.cleanup()
