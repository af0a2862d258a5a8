"""Spans: each continues the one whose `traceparent` it was given; without an exporter that only passes through."""

import asyncio
import time
from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from common import tracing
from common.applying import Applying, Projection
from common.consuming import Consuming
from common.context import Trail, current_trail, following
from common.embedded import Kafka
from common.idempotency import UNCONDITIONAL
from common.tracing import Kind
from tests.common.publishing import a_relay, publish_all
from tests.common.test_process import a_service
from tests.common.toy import (
    KEYS,
    SeatTaken,
    Toy,
    a_counter,
    add_counter,
    hear_together,
    raise_counter,
    raised,
    read_counter,
)
from tests.support.reading import everything_in
from tests.support.waiting import eventually

TRACE = "0af7651916cd43dd8448eb211c80319c"
GIVEN = f"00-{TRACE}-b7ad6b7169203331-01"


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    with tracing.switched_on("toy", "1.0.0", SimpleSpanProcessor(exporter)):
        yield exporter


def finished(exporter: InMemorySpanExporter) -> dict[str, ReadableSpan]:
    return {span.name: span for span in exporter.get_finished_spans()}


def parent(span: ReadableSpan) -> int:
    assert span.parent is not None
    return span.parent.span_id


async def recorded(toy: Toy) -> str | None:
    traceparent: str | None = await toy.database.pool.fetchval("SELECT traceparent FROM outbox")
    return traceparent


async def test_a_command_is_followed_to_its_effect_on_a_consumer(
    told: Toy, kafka: Kafka, spans: InMemorySpanExporter
):
    events = told.topic.events
    async with a_service(told, kafka.bootstrap) as service:
        await eventually(service.is_ready)
        with following(Trail("request-1", "user/1", traceparent=GIVEN)):
            await add_counter(service.process.database, UNCONDITIONAL, "one", service=told.service)
        await eventually(lambda: f"process {events}" in finished(spans))

    command, sent, processed = (
        finished(spans)[name] for name in ("add_counter", f"send {events}", f"process {events}")
    )
    assert parent(command) == int("b7ad6b7169203331", 16)
    assert (parent(sent), parent(processed)) == (command.context.span_id, sent.context.span_id)
    assert {span.context.trace_id for span in (command, sent, processed)} == {int(TRACE, 16)}
    assert processed.attributes is not None
    assert processed.attributes["messaging.consumer.group.name"] == told.service


async def test_each_event_of_a_batch_continues_its_own_trace(
    told: Toy, kafka: Kafka, spans: InMemorySpanExporter
):
    first, second = (f"{n:032x}" for n in (1, 2))
    with following(Trail("request-1", "user/1", traceparent=f"00-{first}-b7ad6b7169203331-01")):
        counter = await a_counter(told)
    with following(Trail("request-2", "user/1", traceparent=f"00-{second}-b7ad6b7169203331-01")):
        await raised(told, counter)
    await publish_all(told, kafka)
    name = f"process {told.topic.state}"

    applying = Applying(
        told.service, told.database, KEYS, {told.topic.state: Projection(read_counter, hear_together)}
    )
    async with Consuming(kafka.bootstrap, applying).running():
        await eventually(lambda: name in finished(spans))

    batches = await told.database.pool.fetchval("SELECT count(DISTINCT batch) FROM heard")
    processed = [span for span in spans.get_finished_spans() if span.name == name]
    assert batches == 1
    assert [f"{span.context.trace_id:032x}" for span in processed] == [first, second]


async def test_while_tracing_is_off_a_trace_passes_through(told: Toy, kafka: Kafka):
    with following(Trail("request-1", "user/1", traceparent=GIVEN)):
        await add_counter(told.database, UNCONDITIONAL, "one", service=told.service)
    async with a_relay(told, kafka):
        (record,) = await eventually(lambda: everything_in(kafka.bootstrap, told.topic.events))

    assert await recorded(told) == GIVEN
    headers: Any = record.headers()
    assert dict(headers)["traceparent"] == GIVEN.encode()


async def test_what_nobody_traces_begins_no_trace(fresh: Toy, spans: InMemorySpanExporter):
    await add_counter(fresh.database, UNCONDITIONAL, "one", service=fresh.service)

    assert await recorded(fresh) is None
    assert spans.get_finished_spans() == ()


async def test_a_failure_is_told_by_its_kind_and_a_refusal_is_none(toy: Toy, spans: InMemorySpanExporter):
    with following(Trail("request-1", "user/1", traceparent=GIVEN)):
        await add_counter(toy.database, UNCONDITIONAL, f"counter {uuid4()}", seat=71, service=toy.service)
        spans.clear()
        with pytest.raises(SeatTaken):
            await add_counter(toy.database, UNCONDITIONAL, f"counter {uuid4()}", seat=71, service=toy.service)
        with pytest.raises(Exception, match="query argument"):
            await raise_counter(toy.database, UNCONDITIONAL, "Jane Doe", service=toy.service)  # type: ignore[arg-type]

    refused, failed = spans.get_finished_spans()
    assert refused.status.is_ok
    assert not failed.status.is_ok
    assert failed.attributes == {"error.type": "DataError"}
    assert "Jane" not in failed.to_json()


async def test_inside_a_span_the_trail_is_its_own(spans: InMemorySpanExporter):
    with following(Trail("request-1", "user/1", traceparent=GIVEN)):
        with tracing.span(Kind.INTERNAL, "inside") as span:
            assert span is not None
            assert current_trail().traceparent == tracing.traceparent_of(span)
        assert current_trail().traceparent == GIVEN


@pytest.mark.parametrize("garbage", ["", "00-0", "01" + GIVEN[2:], GIVEN.upper(), GIVEN + "-x", "Jane Doe"])
def test_what_is_no_traceparent_is_taken_for_none(garbage: str):
    assert tracing.valid(garbage) is None
    assert tracing.valid(GIVEN) == GIVEN


async def test_a_collector_that_hangs_does_not_keep_a_process_from_stopping(monkeypatch):
    reached = asyncio.Event()

    async def hang(*_: Any) -> None:
        reached.set()
        await asyncio.sleep(60)

    async with await asyncio.start_server(hang, "127.0.0.1", 0) as collector:
        host, port = collector.sockets[0].getsockname()
        monkeypatch.setenv(tracing.ENDPOINT, f"http://{host}:{port}")
        async with tracing.exporting("toy", "1.0.0"):
            with tracing.serving("GET"):
                pass
            stopping = time.monotonic()
        assert time.monotonic() - stopping < tracing.EXPORT_SECONDS + 1
        assert reached.is_set()
        collector.close()
