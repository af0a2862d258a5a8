"""Structured logs: one JSON object per line with the ids of its trail, never a payload."""

import logging
import sys
from typing import Any

import orjson
import structlog
from structlog.typing import EventDict

from common.context import trail_if_any


def _with_trail(_: Any, __: str, event: EventDict) -> EventDict:
    trail = trail_if_any()
    if trail is not None:
        event["correlation_id"] = trail.correlation_id
        if trail.causation_id:
            event["causation_id"] = trail.causation_id
    return event


def configure_logs(service: str, level: str = "INFO") -> None:
    """Sends our own and every library's lines to standard output as JSON."""
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        _with_trail,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
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


def _serialise(event: Any, **_: Any) -> str:
    return orjson.dumps(event, default=str, option=orjson.OPT_UTC_Z | orjson.OPT_NON_STR_KEYS).decode()
