"""Dead letters: records that can never be applied, kept (encrypted) with the reason, then passed over.

A letter is kept for 90 days, whatever is decided about it: to apply it after all (`common.replaying`), or that it is
of no use. A letter that was dropped may be wanted again.
"""

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

import orjson
import sqlalchemy as sa
from aiokafka import ConsumerRecord
from sqlalchemy.dialects.postgresql import BYTEA

from common.columns import Moment, one_of
from common.crypto import MasterKeys
from common.statements import Statement, constant, insert_into

KEEP_DAYS = 90
_PURPOSE = "dead_letter"
_MAX_REASON = 500


class LetterState(StrEnum):
    OPEN = "open"
    """Somebody has to look at it."""
    REPLAY_WANTED = "replay_wanted"
    """The service is to apply it again; it does so within seconds, while it runs."""
    APPLIED = "applied"
    DROPPED = "dropped"


#: What may become of a letter. A replay that is refused again leaves it open, with the new reason.
TRANSITIONS: Mapping[LetterState, frozenset[LetterState]] = {
    LetterState.OPEN: frozenset({LetterState.REPLAY_WANTED, LetterState.DROPPED}),
    LetterState.REPLAY_WANTED: frozenset({LetterState.APPLIED, LetterState.OPEN}),
    LetterState.DROPPED: frozenset({LetterState.REPLAY_WANTED}),
    LetterState.APPLIED: frozenset(),
}


def dead_letter_table(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "dead_letter",
        metadata,
        sa.Column("consumer", sa.Text, primary_key=True),
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True),
        sa.Column("record_offset", sa.BigInteger, primary_key=True),
        sa.Column("reason", sa.Text, nullable=False),
        sa.Column("sealed", BYTEA, nullable=False),
        sa.Column("buried_at", Moment, nullable=False, server_default=sa.func.clock_timestamp()),
        sa.Column("state", sa.Text, nullable=False, server_default=LetterState.OPEN),
        sa.Column("decided_at", Moment),
        sa.Column("decided_by", sa.Text),
        sa.Column("reason_code", sa.Text),
        one_of("state", LetterState),
        sa.Index("dead_letter_wanted", "consumer", postgresql_where=sa.text("state = 'replay_wanted'")),
    )


_table = dead_letter_table(sa.MetaData())
_named = ("consumer", "topic", "partition", "record_offset", "reason", "sealed")
_place = [_table.c[name] for name in _named[:4]]
_this = [column == sa.bindparam(f"of_{column.name}", type_=column.type) for column in _place]
_told = [*_place, *(_table.c[n] for n in ("reason", "buried_at", "state", "decided_at", "decided_by"))]


def _before(state: LetterState) -> sa.ColumnElement[bool]:
    return _table.c.state.in_([constant(was) for was, becomes in TRANSITIONS.items() if state in becomes])


BURY = Statement(insert_into(_table, *_named).on_conflict_do_nothing())
COUNT = Statement(
    sa.select(sa.func.count())
    .select_from(_table)
    .where(_table.c.state.in_([constant(LetterState.OPEN), constant(LetterState.REPLAY_WANTED)]))
)
"""Those about which something has still to be decided or done."""
PURGE = Statement(
    sa.delete(_table).where(_table.c.buried_at < sa.func.now() - sa.text(f"interval '{KEEP_DAYS} days'"))
)
LIST = Statement(sa.select(*_told, _table.c.reason_code).order_by(_table.c.buried_at, *_place))
ONE = Statement(sa.select(_table).where(*_this))
LOCK_WANTED = Statement(
    sa.select(_table)
    .where(*_this, _table.c.state == constant(LetterState.REPLAY_WANTED))
    .with_for_update(skip_locked=True)
)
WANTED = Statement(
    sa.select(*_place)
    .where(
        _table.c.consumer == sa.bindparam("of_consumer"),
        _table.c.state == constant(LetterState.REPLAY_WANTED),
    )
    .order_by(*_place)
)


def decide(state: LetterState) -> Statement:
    """Touches no row where the letter is not in a state before this one."""
    return Statement(
        sa.update(_table)
        .where(*_this, _before(state))
        .values(
            state=constant(state),
            decided_at=sa.func.clock_timestamp(),
            decided_by=sa.bindparam("decided_by", type_=sa.Text),
            reason_code=sa.bindparam("reason_code", type_=sa.Text),
        )
    )


WANT_REPLAY, DROP = decide(LetterState.REPLAY_WANTED), decide(LetterState.DROPPED)
SETTLE = Statement(
    sa.update(_table).where(*_this, _before(LetterState.APPLIED)).values(state=constant(LetterState.APPLIED))
)
REFUSE_AGAIN = Statement(
    sa.update(_table)
    .where(*_this, _before(LetterState.OPEN))
    .values(state=constant(LetterState.OPEN), reason=sa.bindparam("reason", type_=sa.Text))
)


def burial(
    keys: MasterKeys, consumer: str, record: "ConsumerRecord[Any, Any]", reason: str
) -> dict[str, Any]:
    """The values of `BURY`: the whole record under encryption, its address and the reason in clear."""
    whole = {
        "key": _hex(record.key),
        "value": _hex(record.value),
        "headers": [[name, _hex(content)] for name, content in record.headers],
        "timestamp": record.timestamp,
    }
    return {
        "consumer": consumer,
        "topic": record.topic,
        "partition": record.partition,
        "record_offset": record.offset,
        "reason": reason[:_MAX_REASON],
        "sealed": keys.seal(orjson.dumps(whole), _PURPOSE),
    }


def exhumed(keys: MasterKeys, letter: Mapping[str, Any]) -> "ConsumerRecord[Any, Any] | None":
    """The record of this row; None where its bytes could never be had.

    Raises `crypto.Unreadable` when the master key is gone.
    """
    whole = orjson.loads(keys.open(letter["sealed"], _PURPOSE))
    if whole["timestamp"] is None:
        return None
    return ConsumerRecord(
        *(letter[name] for name in ("topic", "partition", "record_offset")),
        whole["timestamp"],
        0,
        _bytes(whole["key"]),
        _bytes(whole["value"]),
        -1,
        -1,
        -1,
        headers=tuple((name, _bytes(content)) for name, content in whole["headers"]),
    )


def _hex(content: bytes | None) -> str | None:
    return None if content is None else content.hex()


def _bytes(text: str | None) -> bytes | None:
    return None if text is None else bytes.fromhex(text)
