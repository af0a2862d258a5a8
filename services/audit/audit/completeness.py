"""Whether everything arrived: numbers without a hole, of each producer's stream and of each aggregate's versions.

A hole in a stream (`ce_streamseq`) was numbered and never came: lost between the outbox and here. A hole among an
aggregate's versions (`ce_sequence`) shows also what was lost before it had a number. Numbers come in any order, since
partitions do; so a hole that closes within a moment is none, and its age is what to watch.
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, INT8MULTIRANGE, distinct_on, insert

from audit.models import FIRST_MISSING, numbering
from common.access import access_topic
from common.db import Reader, UnitOfWork
from common.envelope import Received
from common.metrics import Gauge
from common.statements import Statement

_STREAM_NUMBER = re.compile(r"([0-9]{1,9})\.([1-9][0-9]{0,17})")
_LAST_NUMBER = 10**18
_MAX_KEY = 200


class Member(NamedTuple):
    """What is numbered from 1: an epoch of a producer (series is its source), an aggregate (series is its topic)."""

    series: str
    name: str


_batch = (
    sa.func.unnest(*(sa.bindparam(name, type_=ARRAY(sa.Text)) for name in ("series", "members", "numbers")))
    .table_valued(*(sa.column(name, sa.Text) for name in ("series", "member", "entered")))
    .render_derived(name="batch")
)
_now: sa.BindParameter[datetime] = sa.bindparam("now", type_=numbering.c.missing_since.type)
_new = insert(numbering).from_select(
    ["series", "member", "entered", "missing_since"],
    sa.select(_batch.c.series, _batch.c.member, sa.cast(_batch.c.entered, INT8MULTIRANGE), _now),
)
_ENTER = Statement(
    _new.on_conflict_do_update(
        index_elements=[numbering.c.series, numbering.c.member],
        set_={
            "entered": sa.literal_column("numbering.entered + excluded.entered"),
            "missing_since": sa.case(
                (
                    sa.literal_column(FIRST_MISSING.format("(numbering.entered + excluded.entered)"))
                    == numbering.c.first_missing,
                    numbering.c.missing_since,
                ),
                else_=_new.excluded.missing_since,
            ),
        },
    )
)
_age = sa.extract("epoch", sa.func.clock_timestamp() - numbering.c.missing_since).cast(sa.Double)
#: The oldest hole of each series that has one, and a row without a hole for each producer.
_HOLES = Statement(
    sa.select(numbering.c.series, numbering.c.first_missing, _age.label("age_s"))
    .where(numbering.c.first_missing.is_not(None) | numbering.c.series.like(sa.literal_column("'/%'")))
    .ext(distinct_on(numbering.c.series))
    .order_by(numbering.c.series, numbering.c.first_missing.is_(None), numbering.c.missing_since)
)


def numbers_of(events: Iterable[Received]) -> Mapping[Member, Sequence[int]]:
    """Which numbers of which members these events carry. Total: what is no number is none."""
    found: dict[Member, list[int]] = defaultdict(list)
    for event in events:
        if event.streamseq and (number := _STREAM_NUMBER.fullmatch(event.streamseq)):
            found[Member(event.source, str(int(number[1])))].append(int(number[2]))
        if _has_versions(event):
            found[Member(event.topic, str(event.subject))].append(event.version)
    return found


def _has_versions(event: Received) -> bool:
    """An access event is an aggregate of a single version: its place in the stream says all."""
    is_usable = event.subject is not None and len(event.subject) <= _MAX_KEY and "\0" not in event.subject
    is_access = event.topic == access_topic(event.source.rpartition("/")[2]).events
    return is_usable and not is_access and 0 < event.version < _LAST_NUMBER


async def enter_numbers(act: UnitOfWork, events: Iterable[Received], now: datetime) -> None:
    """Notes what arrived, in the transaction of the entries themselves."""
    found = numbers_of(events)
    if found:
        members = sorted(found)  # one order for all: two writers would else meet as a deadlock
        await act.run(
            _ENTER,
            series=[member.series for member in members],
            members=[member.name for member in members],
            numbers=[_multirange(found[member]) for member in members],
            now=now,
        )


def _multirange(numbers: Iterable[int]) -> str:
    """As Postgres reads it; it joins neighbours itself."""
    return "{" + ",".join(f"[{number},{number}]" for number in numbers) + "}"


def gauges(reader: Reader) -> Iterator[Gauge]:
    """What operators are told: the first number that is missing, and for how long it has been. 0 is none."""
    for name, label, what, is_of in (
        ("stream", "source", "ce_streamseq of a producer", _is_producer),
        ("sequence", "topic", "ce_sequence of an aggregate", _is_topic),
    ):
        yield Gauge(
            f"log_{name}_missing",
            f"wardline_audit_{name}_first_missing",
            f"The first {what} that is not in the log although a later one is; 0 when all are.",
            partial(_told, reader, is_of, "first_missing"),
            label,
        )
        yield Gauge(
            f"log_{name}_missing_s",
            f"wardline_audit_{name}_missing_age_seconds",
            f"For how long that {what} has been missing.",
            partial(_told, reader, is_of, "age_s"),
            label,
        )


def _is_producer(series: str) -> bool:
    return series.startswith("/")


def _is_topic(series: str) -> bool:
    return not _is_producer(series)


async def _told(reader: Reader, is_of: Callable[[str], bool], column: str) -> dict[str, float]:
    return {
        row["series"]: row[column] if row["first_missing"] else 0
        for row in await reader.all(_HOLES)
        if is_of(row["series"])
    }
