"""The tables of the log. Its rows are only ever added: triggers refuse the rest (audit.md, *Immutability*)."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, INT8MULTIRANGE, UUID

from audit.leaf import MAX_LEAF_BYTES, Kind
from common.mechanism_tables import add_mechanism_tables

metadata = sa.MetaData()
Moment = sa.DateTime(timezone=True)

_kinds = ", ".join(f"'{kind}'" for kind in Kind)
_place = ("topic", sa.Text), ("partition", sa.Integer)


def _in_kafka() -> list["sa.Column[object]"]:
    return [sa.Column(name, kind, nullable=False) for name, kind in _place]


#: One leaf and the copies beside it. `position` is the index of the leaf in the tree: contiguous, from 0.
entry = sa.Table(
    "entry",
    metadata,
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    sa.Column("leaf", BYTEA, nullable=False),
    sa.Column(
        "leaf_hash", BYTEA, sa.Computed("sha256('\\x00'::bytea || leaf)", persisted=True), nullable=False
    ),
    sa.Column("kind", sa.Text),
    *_in_kafka(),
    sa.Column("record_offset", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text),
    sa.Column("event_type", sa.Text),
    sa.Column("actor", sa.Text),
    sa.Column("action", sa.Text),
    sa.Column("entity_type", sa.Text),
    sa.Column("entity_id", sa.Text),
    sa.Column("patient_id", UUID),
    sa.Column("outcome", sa.Text),
    sa.Column("correlation_id", sa.Text),
    sa.Column("occurred_at", Moment, nullable=False),
    sa.Column("recorded_at", Moment, nullable=False),
    sa.CheckConstraint("position >= 0", name="entry_position_natural"),
    sa.CheckConstraint(f"octet_length(leaf) <= {MAX_LEAF_BYTES}", name="entry_leaf_fits_bundle"),
    sa.CheckConstraint(f"kind IN ({_kinds})", name="entry_kind_known"),
    sa.Index("entry_actor", "actor", "position"),
    sa.Index("entry_action", "action", "position"),
    sa.Index("entry_entity", "entity_id", "position"),
    sa.Index("entry_correlation", "correlation_id", "position"),
    sa.Index("entry_other_outcome", "outcome", "position", postgresql_where=sa.text("outcome <> 'success'")),
    sa.Index("entry_occurred", "occurred_at", postgresql_using="brin"),
    postgresql_partition_by="RANGE (position)",
)

#: Which entries concern a patient: one row per entry and patient, many for an access event that named many.
entry_patient = sa.Table(
    "entry_patient",
    metadata,
    sa.Column("patient_id", UUID, primary_key=True),
    sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
)

#: Every content that was entered under an event id, for the whole life of the log. UUIDv7 ids keep the index warm.
seen = sa.Table(
    "seen",
    metadata,
    sa.Column("event_id", sa.Text(collation="C"), primary_key=True),
    sa.Column("source", sa.Text(collation="C"), primary_key=True),
    sa.Column("digest", BYTEA, primary_key=True),
    sa.Column("position", sa.BigInteger, nullable=False),
)

#: Records that repeat an entry, byte for byte.
duplicate = sa.Table(
    "duplicate",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    *_in_kafka(),
    sa.Column("record_offset", sa.BigInteger, nullable=False),
    sa.Column("position", sa.BigInteger, nullable=False),
    sa.Column("noticed_at", Moment, nullable=False),
)

#: Offsets, both inclusive, that had no record when they were passed.
gap = sa.Table(
    "gap",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    *_in_kafka(),
    sa.Column("first_offset", sa.BigInteger, nullable=False),
    sa.Column("last_offset", sa.BigInteger, nullable=False),
    sa.Column("noticed_at", Moment, nullable=False),
)

#: Partitions that were found to be other ones than before, and were read again.
reread = sa.Table(
    "reread",
    metadata,
    sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
    *_in_kafka(),
    sa.Column("next_offset", sa.BigInteger, nullable=False),
    sa.Column("from_offset", sa.BigInteger, nullable=False),
    sa.Column("reason", sa.Text, nullable=False),
    sa.Column("noticed_at", Moment, nullable=False),
)

#: One row: the number of leaves. Whoever enters holds its lock.
log_size = sa.Table(
    "log_size",
    metadata,
    sa.Column("single", sa.Boolean, sa.CheckConstraint("single"), primary_key=True, server_default=sa.true()),
    sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
)

#: The record entered last from each partition, by which the partition is known again.
last_taken = sa.Table(
    "last_taken",
    metadata,
    sa.Column("topic", sa.Text, primary_key=True),
    sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("record_offset", sa.BigInteger, nullable=False),
    sa.Column("digest", BYTEA, nullable=False),
)

#: The first of the numbers from 1 on that a multirange lacks below its end; null when it lacks none.
FIRST_MISSING = "lower(int8multirange(int8range(1, upper({0}))) - {0})"

#: Which numbers were entered of what is numbered without a hole (`completeness.py`).
numbering = sa.Table(
    "numbering",
    metadata,
    sa.Column("series", sa.Text(collation="C"), primary_key=True),
    sa.Column("member", sa.Text(collation="C"), primary_key=True),
    sa.Column("entered", INT8MULTIRANGE, nullable=False),
    sa.Column("missing_since", Moment, nullable=False),
    sa.Column("first_missing", sa.BigInteger, sa.Computed(FIRST_MISSING.format("entered"), persisted=True)),
    sa.Index("numbering_incomplete", "series", postgresql_where=sa.text("first_missing IS NOT NULL")),
)

add_mechanism_tables(metadata)
