"""One trace through request, command, outbox, Kafka and whoever consumes, in OpenTelemetry's form.

Off unless `OTEL_EXPORTER_OTLP_ENDPOINT` is set; what is given as `traceparent` passes through all the same. Spans are
children of the running trail's `traceparent`, and what is done inside them has theirs: the trail is the only context.
Names and attributes follow OpenTelemetry's semantic conventions and are routes, topics, use cases and opaque ids.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager, nullcontext
from dataclasses import replace
from enum import Enum
from threading import Thread
from typing import TYPE_CHECKING, TypeAlias

from common.context import current_trail, following
from common.envelope import Received
from common.errors import Refusal

if TYPE_CHECKING:  # imported when switched on only: ten megabytes that nobody else needs
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.trace import Span, Tracer

ENDPOINT = "OTEL_EXPORTER_OTLP_ENDPOINT"
EXPORT_SECONDS = 2
"""How long one batch may take to be sent, and the last one at the end of the process."""
_TRACEPARENT = re.compile(r"00-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})")

Attributes: TypeAlias = Mapping[str, str | int]


class Kind(Enum):
    """Which side of a conversation a span is; the names are OpenTelemetry's."""

    INTERNAL = 0
    SERVER = 1
    CLIENT = 2
    PRODUCER = 3
    CONSUMER = 4


_tracer: "Tracer | None" = None
_OFF: AbstractContextManager[None] = nullcontext()


def valid(traceparent: str | None) -> str | None:
    """A `traceparent` from outside, or None when it is none (W3C Trace Context, version 00)."""
    return traceparent if traceparent and _TRACEPARENT.fullmatch(traceparent) else None


def ids_of(traceparent: str) -> tuple[str, str]:
    """Trace id and span id of a valid `traceparent`."""
    _, trace_id, span_id, _ = traceparent.split("-")
    return trace_id, span_id


def serving(method: str) -> "AbstractContextManager[Span | None]":
    """A request that came in: only here a trace may begin."""
    return _OFF if _tracer is None else _spanning(_tracer, Kind.SERVER, method, {})


def span(
    kind: Kind, name: str, attributes: Attributes | None = None
) -> "AbstractContextManager[Span | None]":
    """What is done inside belongs to a span below the running one. Nothing where none runs, or tracing is off."""
    if _tracer is None or current_trail().traceparent is None:
        return _OFF
    return _spanning(_tracer, kind, name, attributes)


def processing(consumer: str, event: Received) -> "AbstractContextManager[Span | None]":
    """What one event does to a consumer."""
    if _tracer is None:
        return _OFF
    return span(
        Kind.CONSUMER, f"process {event.topic}", _of_kafka("process", event.topic, event.id, consumer)
    )


def processing_together(consumer: str, events: Iterable[Received]) -> AbstractContextManager[None]:
    """The same for a batch, whose events are of many traces."""
    return _OFF if _tracer is None else _processing_together(_tracer, consumer, events)


def sending(traceparent: str | None, topic: str, event_id: str) -> "Span | None":
    """The span of one event on its way to Kafka, which its producer ends; None where there is no trace."""
    if _tracer is None or traceparent is None:
        return None
    return _started(_tracer, traceparent, Kind.PRODUCER, f"send {topic}", _of_kafka("send", topic, event_id))


def traceparent_of(started: "Span") -> str:
    """What is handed on so that the receiver continues from this span."""
    context = started.get_span_context()
    return f"00-{context.trace_id:032x}-{context.span_id:016x}-{context.trace_flags:02x}"


def fail(started: "Span", kind: str) -> None:
    """The span ended badly. `kind` is a class or a status code, never a message: messages quote values."""
    from opentelemetry.trace import StatusCode

    started.set_attribute("error.type", kind)
    started.set_status(StatusCode.ERROR)


def _of_kafka(operation: str, topic: str, event_id: str, consumer: str | None = None) -> dict[str, str | int]:
    about: dict[str, str | int] = {
        "messaging.system": "kafka",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": topic,
        "messaging.message.id": event_id,
    }
    return about | ({"messaging.consumer.group.name": consumer} if consumer else {})


@contextmanager
def _spanning(tracer: "Tracer", kind: Kind, name: str, attributes: Attributes | None) -> "Iterator[Span]":
    trail = current_trail()
    started = _started(tracer, trail.traceparent, kind, name, attributes)
    try:
        with following(replace(trail, traceparent=traceparent_of(started))):
            yield started
    except Refusal:  # an answer, not a failure
        raise
    except Exception as error:
        fail(started, type(error).__name__)
        raise
    finally:
        started.end()


@contextmanager
def _processing_together(tracer: "Tracer", consumer: str, events: Iterable[Received]) -> Iterator[None]:
    running = [
        _started(
            tracer,
            event.traceparent,
            Kind.CONSUMER,
            f"process {event.topic}",
            _of_kafka("process", event.topic, event.id, consumer),
        )
        for event in events
        if valid(event.traceparent)
    ]
    try:
        yield
    except Exception as error:
        for started in running:
            fail(started, type(error).__name__)
        raise
    finally:
        for started in running:
            started.end()


def _started(
    tracer: "Tracer", traceparent: str | None, kind: Kind, name: str, attributes: Attributes | None
) -> "Span":
    from opentelemetry.context import Context
    from opentelemetry.trace import NonRecordingSpan, SpanContext, SpanKind, TraceFlags, set_span_in_context

    parent = Context()
    if traceparent is not None and (parts := _TRACEPARENT.fullmatch(traceparent)):
        trace_id, span_id, flags = (int(part, 16) for part in parts.groups())
        remote = SpanContext(trace_id, span_id, is_remote=True, trace_flags=TraceFlags(flags))
        parent = set_span_in_context(NonRecordingSpan(remote), parent)
    return tracer.start_span(name, parent, SpanKind[kind.name], attributes)


@contextmanager
def switched_on(service: str, version: str, processor: "SpanProcessor") -> Iterator[None]:
    """Spans go to this processor. Which are sampled is said by `OTEL_TRACES_SAMPLER`; all, if by nobody."""
    global _tracer  # noqa: PLW0603  # one per process, as the logs
    from opentelemetry.sdk.resources import Resource
    from opentelemetry.sdk.trace import TracerProvider

    about = Resource.create(
        {"service.namespace": "wardline", "service.name": service, "service.version": version}
    )
    provider = TracerProvider(resource=about, shutdown_on_exit=False)
    provider.add_span_processor(processor)
    before, _tracer = _tracer, provider.get_tracer("wardline", version)
    try:
        yield
    finally:
        _tracer = before


@asynccontextmanager
async def exporting(service: str, version: str) -> AsyncIterator[None]:
    """For the life of a process: sends spans to the collector that the environment names, if it names one."""
    if not os.environ.get(ENDPOINT):
        yield
        return
    from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
    from opentelemetry.sdk.trace.export import BatchSpanProcessor

    processor = BatchSpanProcessor(OTLPSpanExporter(timeout=EXPORT_SECONDS))
    with switched_on(service, version, processor):
        yield
    await _shut_down(processor)


async def _shut_down(processor: "SpanProcessor") -> None:
    """In a thread that the process does not wait for: a collector that hangs would hold it for half a minute."""
    loop, done = asyncio.get_running_loop(), asyncio.Event()

    def shut_down() -> None:
        processor.shutdown()
        loop.call_soon_threadsafe(done.set)

    Thread(target=shut_down, name="last spans", daemon=True).start()
    await asyncio.wait([asyncio.ensure_future(done.wait())], timeout=EXPORT_SECONDS)
