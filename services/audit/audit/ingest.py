"""The ingester: one in the whole service reads Kafka into the log, the others stand by."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from functools import partial

import sqlalchemy as sa
import structlog
from aiokafka import AIOKafkaConsumer
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from audit import completeness
from audit.models import log_size
from audit.reading import GATHER_BYTES, WAIT_MS, Reading
from common.db import TROUBLE, Database
from common.leading import Lead, stand_by_then_lead
from common.metrics import Gauge
from common.pausing import pause_after
from common.positions import Moved
from common.statements import Statement

log = structlog.get_logger()

STOP_SECONDS = 5.0
_LOCK = 0xA0D1
_LONGEST_PAUSE = 5.0
_EXPECTED = (*TROUBLE, KafkaError, Moved)
_SIZE = Statement(sa.select(log_size.c.size))


class Ingester:
    """Run it with `running()` for the life of the process. It never gives up: whatever fails is tried again."""

    def __init__(self, database: Database, url: str, bootstrap: str) -> None:
        self._database, self._url, self._bootstrap = database, url, bootstrap
        self._reading: Reading | None = None

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        task = asyncio.create_task(self.run(), name="ingester")
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait([task], timeout=STOP_SECONDS)

    async def run(self) -> None:
        failures = 0
        while True:
            started = asyncio.get_running_loop().time()
            try:
                await stand_by_then_lead(self._url, _LOCK, self._lead, stopping=lambda: False)
            except Exception as error:
                failures = 0 if asyncio.get_running_loop().time() - started > 30 else failures + 1
                log.warning(
                    "ingest_interrupted",
                    kind=type(error).__name__,
                    failures=failures,
                    exc_info=not isinstance(error, _EXPECTED),
                )
                await asyncio.sleep(pause_after(failures, longest=_LONGEST_PAUSE))

    def gauges(self) -> Iterator[Gauge]:
        """What operators are told of the log."""
        size = partial(self._database.read.value, _SIZE)
        yield Gauge("log_size", "wardline_audit_log_entries", "Entries of the log.", size)
        yield Gauge(
            "log_active", "wardline_audit_active", "1 where this replica writes the log.", self.is_active
        )
        yield Gauge(
            "log_lag",
            "wardline_audit_lag_records",
            "Records in Kafka that are not in the log yet, as the writing replica knows.",
            self.lag,
            label="topic",
        )
        yield from completeness.gauges(self._database.read)

    async def is_active(self) -> bool:
        """Whether this replica writes the log; the others stand by."""
        return self._reading is not None

    async def lag(self) -> dict[str, int]:
        """By topic; nothing where another replica writes."""
        reading = self._reading
        return {} if reading is None else await reading.lag()

    async def _lead(self, lead: Lead) -> None:
        consumer = AIOKafkaConsumer(
            bootstrap_servers=self._bootstrap,
            client_id="audit",
            enable_auto_commit=False,
            auto_offset_reset="none",
            fetch_max_wait_ms=WAIT_MS,
            fetch_min_bytes=GATHER_BYTES,
        )
        admin = AIOKafkaAdminClient(bootstrap_servers=self._bootstrap, client_id="audit")
        try:
            await consumer.start()
            await admin.start()
            self._reading = reading = Reading(lead, consumer, admin)
            while True:
                await reading.turn()
        finally:
            self._reading = None
            stopping = [asyncio.ensure_future(consumer.stop()), asyncio.ensure_future(admin.close())]
            await asyncio.wait(stopping, timeout=STOP_SECONDS)  # either may hang, or raise ●
            for task in stopping:
                if task.done() and not task.cancelled():
                    task.exception()
