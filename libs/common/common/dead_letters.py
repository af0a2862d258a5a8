"""Dead letters: records that can never be applied, kept (encrypted) with the reason, then passed over."""

from typing import Any

import orjson
import sqlalchemy as sa
from aiokafka import ConsumerRecord
from sqlalchemy.dialects.postgresql import BYTEA

from common.crypto import MasterKeys
from common.statements import Statement, insert_into

KEEP_DAYS = 90
_PURPOSE = "dead_letter"
_MAX_REASON = 500


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
        sa.Column(
            "buried_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
        ),
    )


_table = dead_letter_table(sa.MetaData())
_named = ("consumer", "topic", "partition", "record_offset", "reason", "sealed")

BURY = Statement(insert_into(_table, *_named).on_conflict_do_nothing())
COUNT = Statement(sa.select(sa.func.count()).select_from(_table))
PURGE = Statement(
    sa.delete(_table).where(_table.c.buried_at < sa.func.now() - sa.text(f"interval '{KEEP_DAYS} days'"))
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


def _hex(content: bytes | None) -> str | None:
    return None if content is None else content.hex()
