"""Structured logs: one JSON object per line with the ids of its trail, never a payload."""

import logging
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict, ExcInfo

from common.context import trail_if_any
from common.tracing import ids_of


def _with_trail(_: Any, __: str, event: EventDict) -> EventDict:
    trail = trail_if_any()
    if trail is not None:
        event["correlation_id"] = trail.correlation_id
        if trail.causation_id:
            event["causation_id"] = trail.causation_id
        if trail.traceparent:
            event["trace_id"], event["span_id"] = ids_of(trail.traceparent)
    return event


def _without_content(exc_info: ExcInfo) -> str:
    """Where it happened and of what kind, without the message: those of Postgres and of parsers quote values ●."""
    return "".join(_told(exc_info[1]))


def _told(error: BaseException) -> Iterator[str]:
    earlier = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
    inner: Sequence[BaseException] = getattr(error, "exceptions", ())
    for before in (*inner, *([earlier] if earlier else [])):
        yield from _told(before)
        yield "which led to\n"
    yield from traceback.format_tb(error.__traceback__)
    names = (getattr(error, "sqlstate", None), getattr(error, "constraint_name", None))
    yield " ".join((type(error).__qualname__, *filter(None, names))) + "\n"


def configure_logs(service: str, level: str = "INFO") -> None:
    """Sends our own and every library's lines to standard output as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_trail,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.ExceptionRenderer(_without_content),
    ]
    structlog.configure(
        # Our own lines, one per request, do not pass through `logging`: that would double their cost.
        processors=[*shared, structlog.processors.JSONRenderer(serializer=_encode)],
        logger_factory=structlog.BytesLoggerFactory(sys.stdout.buffer),
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelName(level)),
        cache_logger_on_first_use=True,
    )
    handler = logging.StreamHandler(sys.stdout)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[
                structlog.stdlib.ProcessorFormatter.remove_processors_meta,
                structlog.processors.JSONRenderer(serializer=_serialise),
            ],
        )
    )
    logging.basicConfig(level=level, handlers=[handler], force=True)
    for noisy in ("aiokafka", "uvicorn.access", "faststream"):
        logging.getLogger(noisy).setLevel(logging.WARNING)
    structlog.contextvars.bind_contextvars(service=service)


def _encode(event: Any, **_: Any) -> bytes:
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS)


def _serialise(event: Any, **_: Any) -> str:
    return _encode(event).decode()
