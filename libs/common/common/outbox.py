"""The outbox: facts are committed with the change that they tell of, and published afterwards (`relay.py`)."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, BYTEA, UUID as Uuid

from common.context import current_trail
from common.envelope import Fact
from common.idempotency import settle
from common.ids import new_id
from common.statements import Statement

_COLUMNS: dict[str, sa.types.TypeEngine[Any]] = {
    "id": Uuid(),
    "events_topic": sa.Text(),
    "state_topic": sa.Text(),
    "key": Uuid(),
    "type": sa.Text(),
    "subject": sa.Text(),
    "version": sa.BigInteger(),
    "occurred_at": sa.DateTime(timezone=True),
    "correlation_id": sa.Text(),
    "causation_id": sa.Text(),
    "actor": sa.Text(),
    "traceparent": sa.Text(),
    "value": BYTEA(),
}
_NULLABLE = {"events_topic", "state_topic", "causation_id", "traceparent"}


def outbox_tables(metadata: sa.MetaData) -> sa.Table:
    """Declares `outbox` (daily partitions, see `ddl.py`) and `outbox_stream`, the numbering of what was published.

    `position` is the order of recording, `stream_n` the contiguous number that the relay gave. A row with no
    `events_topic` repeats a state and has no number: it is no new event.
    """
    outbox = sa.Table(
        "outbox",
        metadata,
        sa.Column("position", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        *(sa.Column(name, kind, nullable=name in _NULLABLE) for name, kind in _COLUMNS.items()),
        sa.Column("stream_epoch", sa.Integer),
        sa.Column("stream_n", sa.BigInteger),
        sa.Column("published_at", sa.DateTime(timezone=True)),
        sa.Column("day", sa.Date, server_default=sa.text("current_date"), primary_key=True),
        sa.Index("outbox_unpublished", "position", postgresql_where=sa.text("published_at IS NULL")),
        postgresql_partition_by="RANGE (day)",
    )
    sa.Table(
        "outbox_stream",
        metadata,
        sa.Column(
            "single", sa.Boolean, sa.CheckConstraint("single"), primary_key=True, server_default=sa.true()
        ),
        sa.Column("epoch", sa.Integer, nullable=False, server_default="1"),
        sa.Column("last_n", sa.BigInteger, nullable=False, server_default="0"),
    )
    return outbox


_outbox = outbox_tables(sa.MetaData())
_arrays: list[sa.BindParameter[Any]] = [
    sa.bindparam(name, type_=ARRAY(kind)) for name, kind in _COLUMNS.items()
]
_recorded = (
    sa.func.unnest(*_arrays)
    .table_valued(*(sa.column(name, kind) for name, kind in _COLUMNS.items()), with_ordinality="row")
    .render_derived(name="recorded")
)
#: Writes any number of facts in their order. The caller has made the change before, in statements of its own ●.
_record = sa.insert(_outbox).from_select(
    list(_COLUMNS), sa.select(*(_recorded.c[name] for name in _COLUMNS)).order_by(_recorded.c.row)
)
RECORD = Statement(_record)
#: The same, and the outcome of the act under its idempotency key.
RECORD_AND_SETTLE = Statement(_record.add_cte(settle.cte("settled")))

#: What repeats a state has the time of that state, however long ago.
_oldest = sa.func.min(_outbox.c.occurred_at).filter(_outbox.c.events_topic.is_not(None))
#: How much waits to be published and for how long the oldest event has.
UNPUBLISHED = Statement(
    sa.select(
        sa.func.count().label("waiting"),
        sa.func.coalesce(sa.extract("epoch", sa.func.clock_timestamp() - _oldest), 0.0)
        .cast(sa.Double)
        .label("age_s"),
    ).where(_outbox.c.published_at.is_(None))
)


def as_columns(facts: Sequence[Fact]) -> dict[str, list[Any]]:
    """The facts as one array per column, stamped with the trail of this act."""
    trail = current_trail()
    stamp = {
        "correlation_id": trail.correlation_id,
        "causation_id": trail.causation_id,
        "actor": trail.actor,
        "traceparent": trail.traceparent,
    }
    rows = [_row(fact) | stamp for fact in facts]
    return {name: [row[name] for row in rows] for name in _COLUMNS}


def _row(fact: Fact) -> dict[str, Any]:
    return {
        "id": new_id(),
        "events_topic": None if fact.repeated else fact.topic.events,
        "state_topic": fact.topic.state if fact.topic.has_state else None,
        "key": fact.key,
        "type": fact.type,
        "subject": fact.subject,
        "version": fact.version,
        "occurred_at": fact.at,
        "value": fact.value(),
    }
