"""The log: its tables, who may add to it, and what refuses everything else."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import BYTEA, UUID

from common.ddl import outbox_ddl
from common.mechanism_tables import add_mechanism_tables

revision = "0001"
down_revision = None

APPEND_ONLY = ("entry", "entry_patient", "seen", "duplicate", "gap", "reread")
MOMENT = sa.DateTime(timezone=True)

REFUSE_CHANGE = """
CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION 'the log is append-only: % on % is refused', TG_OP, TG_TABLE_NAME
    USING ERRCODE = 'insufficient_privilege';
END $$"""

#: Statement triggers, since they also refuse what would touch no row; ALWAYS, so that `session_replication_role` does
#: not silence them. A trigger on the parent does not fire for a statement on a partition: each has its own.
GUARD = """
CREATE FUNCTION guard(log_table regclass) RETURNS void LANGUAGE plpgsql SET search_path = public, pg_temp AS $$
BEGIN
  EXECUTE format('CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON %s'
    ' FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()', log_table);
  EXECUTE format('ALTER TABLE %s ENABLE ALWAYS TRIGGER append_only', log_table);
END $$"""

#: A million leaves each, two more than the log has reached. SECURITY DEFINER: the service may not create tables.
KEEP_PARTITIONS = """
CREATE FUNCTION keep_log_partitions() RETURNS void LANGUAGE plpgsql SECURITY DEFINER
  SET search_path = public, pg_temp AS $$
DECLARE leaves CONSTANT bigint := 1000000; reached bigint; name text;
BEGIN
  PERFORM pg_advisory_xact_lock(hashtext('keep_log_partitions'));
  SELECT size / leaves INTO reached FROM log_size;
  FOR n IN reached .. reached + 2 LOOP
    name := 'entry_' || n;
    IF to_regclass(name) IS NULL THEN
      EXECUTE format(
        'CREATE TABLE %I PARTITION OF entry FOR VALUES FROM (%s) TO (%s)', name, n * leaves, (n + 1) * leaves);
      PERFORM guard(name::regclass);
    END IF;
  END LOOP;
END $$"""

RIGHTS = (
    "GRANT SELECT, INSERT ON entry, entry_patient, seen, duplicate, gap, reread TO audit_writer",
    "GRANT SELECT, UPDATE ON log_size TO audit_writer",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON last_taken TO audit_writer",
    "REVOKE EXECUTE ON FUNCTION keep_log_partitions(), guard(regclass) FROM PUBLIC",
    "GRANT EXECUTE ON FUNCTION keep_log_partitions() TO audit_writer",
    "CREATE VIEW log_entry AS SELECT * FROM entry",
    "CREATE VIEW log_duplicate AS SELECT * FROM duplicate",
    "CREATE VIEW log_gap AS SELECT * FROM gap",
    "CREATE VIEW log_reread AS SELECT * FROM reread",
    "GRANT SELECT ON log_entry, log_duplicate, log_gap, log_reread, log_size TO audit_reader",
)


def upgrade() -> None:
    mechanisms = sa.MetaData()
    add_mechanism_tables(mechanisms)
    mechanisms.create_all(op.get_bind())
    create_log()
    create_notes()
    for statement in (REFUSE_CHANGE, GUARD, KEEP_PARTITIONS, *outbox_ddl("audit_writer")):
        op.execute(statement)
    op.execute("INSERT INTO log_size DEFAULT VALUES")
    for table in APPEND_ONLY:
        op.execute(f"SELECT guard('{table}')")
    op.execute("SELECT keep_log_partitions()")
    for statement in RIGHTS:
        op.execute(statement)


def create_log() -> None:
    op.create_table(
        "entry",
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("leaf", BYTEA, nullable=False),
        sa.Column(
            "leaf_hash", BYTEA, sa.Computed("sha256('\\x00'::bytea || leaf)", persisted=True), nullable=False
        ),
        sa.Column("kind", sa.Text),
        *in_kafka(),
        sa.Column("event_id", sa.Text),
        sa.Column("event_type", sa.Text),
        sa.Column("actor", sa.Text),
        sa.Column("action", sa.Text),
        sa.Column("entity_type", sa.Text),
        sa.Column("entity_id", sa.Text),
        sa.Column("patient_id", UUID),
        sa.Column("outcome", sa.Text),
        sa.Column("correlation_id", sa.Text),
        sa.Column("occurred_at", MOMENT, nullable=False),
        sa.Column("recorded_at", MOMENT, nullable=False),
        sa.CheckConstraint("position >= 0", name="entry_position_natural"),
        sa.CheckConstraint("octet_length(leaf) <= 65535", name="entry_leaf_fits_bundle"),
        sa.CheckConstraint(
            "kind IN ('invalid', 'conflict', 'oversize', 'unreadable')", name="entry_kind_known"
        ),
        sa.Index("entry_actor", "actor", "position"),
        sa.Index("entry_action", "action", "position"),
        sa.Index("entry_entity", "entity_id", "position"),
        sa.Index("entry_correlation", "correlation_id", "position"),
        sa.Index(
            "entry_other_outcome", "outcome", "position", postgresql_where=sa.text("outcome <> 'success'")
        ),
        sa.Index("entry_occurred", "occurred_at", postgresql_using="brin"),
        postgresql_partition_by="RANGE (position)",
    )
    op.create_table(
        "entry_patient",
        sa.Column("patient_id", UUID, primary_key=True),
        sa.Column("position", sa.BigInteger, primary_key=True, autoincrement=False),
    )
    op.create_table(
        "seen",
        sa.Column("event_id", sa.Text(collation="C"), primary_key=True),
        sa.Column("source", sa.Text(collation="C"), primary_key=True),
        sa.Column("digest", BYTEA, primary_key=True),
        sa.Column("position", sa.BigInteger, nullable=False),
    )
    op.create_table(
        "log_size",
        sa.Column(
            "single", sa.Boolean, sa.CheckConstraint("single"), primary_key=True, server_default=sa.true()
        ),
        sa.Column("size", sa.BigInteger, nullable=False, server_default="0"),
    )


def create_notes() -> None:
    """What is known of Kafka's partitions beside their records."""
    op.create_table(
        "duplicate",
        number(),
        *in_kafka(),
        sa.Column("position", sa.BigInteger, nullable=False),
        noticed(),
    )
    op.create_table(
        "gap",
        number(),
        *in_kafka("first_offset", "last_offset"),
        noticed(),
    )
    op.create_table(
        "reread",
        number(),
        *in_kafka("next_offset", "from_offset"),
        sa.Column("reason", sa.Text, nullable=False),
        noticed(),
    )
    op.create_table(
        "last_taken",
        sa.Column("topic", sa.Text, primary_key=True),
        sa.Column("partition", sa.Integer, primary_key=True, autoincrement=False),
        sa.Column("record_offset", sa.BigInteger, nullable=False),
        sa.Column("digest", BYTEA, nullable=False),
    )


def in_kafka(*offsets: str) -> list["sa.Column[object]"]:
    return [
        sa.Column("topic", sa.Text, nullable=False),
        sa.Column("partition", sa.Integer, nullable=False),
        *(sa.Column(name, sa.BigInteger, nullable=False) for name in offsets or ("record_offset",)),
    ]


def number() -> "sa.Column[int]":
    return sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True)


def noticed() -> "sa.Column[object]":
    return sa.Column("noticed_at", MOMENT, nullable=False)
