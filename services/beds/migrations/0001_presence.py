"""Departments, rooms, beds, placements, occupancy and cleaning; the steps a bed may take; what the role may do."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB, TSTZRANGE, UUID, ExcludeConstraint

from common.columns import Moment, one_of, version_columns
from common.ddl import outbox_ddl
from common.mechanism_tables import add_mechanism_tables

revision = "0001"
down_revision = None


BED_STEPS = (
    ("available", "held"),
    ("held", "available"),
    ("held", "occupied"),
    ("available", "occupied"),
    ("occupied", "dirty"),
    ("dirty", "occupied"),
    ("dirty", "cleaning"),
    ("cleaning", "available"),
    ("cleaning", "inspect"),
    ("inspect", "available"),
    ("dirty", "available"),
    ("available", "blocked"),
    ("dirty", "blocked"),
    ("blocked", "dirty"),
    ("available", "closed"),
    ("dirty", "closed"),
    ("blocked", "closed"),
    ("closed", "dirty"),
)

KEEP_STEP = """
CREATE FUNCTION keep_bed_step() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'INSERT' THEN
    NEW.came_from := NULL;
  ELSIF NEW.id <> OLD.id THEN  -- an occupied bed could change places with an available one
    RAISE EXCEPTION 'a bed keeps its id' USING ERRCODE = 'integrity_constraint_violation';
  ELSIF NEW.state <> OLD.state THEN
    NEW.came_from := OLD.state;
  ELSE
    NEW.came_from := OLD.came_from;
  END IF;
  RETURN NEW;
END $$"""

GRANTS = (
    "GRANT SELECT ON bed_transition TO beds",
    "GRANT SELECT, INSERT, UPDATE ON department, room, bed, placement, occupancy, cleaning_job TO beds",
    "GRANT SELECT, INSERT ON movement TO beds",
)


def upgrade() -> None:
    mechanisms = sa.MetaData()
    add_mechanism_tables(mechanisms)
    mechanisms.create_all(op.get_bind())
    create_places()
    create_presence()
    create_cleaning()
    op.bulk_insert(
        sa.table("bed_transition", sa.column("was", sa.Text), sa.column("becomes", sa.Text)),
        [{"was": was, "becomes": becomes} for was, becomes in BED_STEPS],
    )
    op.execute(KEEP_STEP)
    op.execute(
        "CREATE TRIGGER keep_bed_step BEFORE INSERT OR UPDATE ON bed FOR EACH ROW EXECUTE FUNCTION keep_bed_step()"
    )
    op.execute("ALTER TABLE bed ENABLE ALWAYS TRIGGER keep_bed_step")
    for statement in (*outbox_ddl("beds"), *GRANTS):
        op.execute(statement)


def create_places() -> None:
    op.create_table(
        "department",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("name", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        *version_columns(),
        one_of("state", ("open", "closed")),
        sa.Index("department_code_key", "code", unique=True, postgresql_where=sa.text("state = 'open'")),
    )
    op.create_table(
        "room",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("active", sa.Boolean, nullable=False),
        *version_columns(),
        sa.Index("room_code_key", "department_id", "code", unique=True, postgresql_where=sa.text("active")),
    )
    op.create_table(
        "bed_transition",
        sa.Column("was", sa.Text, primary_key=True),
        sa.Column("becomes", sa.Text, primary_key=True),
        comment="every step that a bed may take; read-only for the service",
    )
    op.create_table(
        "bed",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
        sa.Column("room_id", UUID, sa.ForeignKey("room.id")),
        sa.Column("code", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("since", Moment, nullable=False),
        sa.Column("hold_id", UUID),
        sa.Column("held_until", Moment),
        sa.Column("admission_id", UUID),
        sa.Column("patient_id", UUID),
        sa.Column("soiled_by", UUID),
        sa.Column("last_sanitized_at", Moment),
        sa.Column("block_reason_code", sa.Text),
        sa.Column("return_expected_at", Moment),
        sa.Column(
            "came_from",
            sa.Text,
            comment="the state before, kept by a trigger",
        ),
        *version_columns(),
        one_of(
            "state", ("available", "held", "occupied", "dirty", "cleaning", "inspect", "blocked", "closed")
        ),
        sa.ForeignKeyConstraint(
            ["came_from", "state"], ["bed_transition.was", "bed_transition.becomes"], name="bed_step_allowed"
        ),
        sa.CheckConstraint("came_from IS NOT NULL OR state = 'dirty'", name="new_is_dirty"),
        sa.CheckConstraint(
            "(state = 'held') = (hold_id IS NOT NULL AND held_until IS NOT NULL)", name="held_has_hold"
        ),
        sa.CheckConstraint(
            "(state IN ('held', 'occupied')) = (admission_id IS NOT NULL)", name="taken_has_admission"
        ),
        sa.Index(
            "bed_code_key",
            "department_id",
            "code",
            unique=True,
            postgresql_where=sa.text("state <> 'closed'"),
        ),
        sa.Index("bed_department_id_idx", "department_id", "code"),
    )


def create_presence() -> None:
    op.create_table(
        "placement",
        sa.Column("admission_id", UUID, primary_key=True),
        sa.Column("patient_id", UUID, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("department_id", UUID),
        sa.Column("bed_id", UUID, sa.ForeignKey("bed.id")),
        sa.Column("hold_id", UUID),
        sa.Column("held_until", Moment),
        sa.Column("since", Moment, nullable=False),
        sa.Column("want", JSONB),
        sa.Column("want_version", sa.BigInteger, nullable=False),
        sa.Column("stay_number", sa.Integer, nullable=False),
        sa.Column("refusal", sa.Text),
        sa.Column("left_reason_code", sa.Text),
        *version_columns(),
        one_of("state", ("queued", "held", "in_bed", "on_leave", "left", "withdrawn")),
        one_of("refusal", ("no_bed", "released", "expired", "reversed", "recovered")),
        sa.CheckConstraint(
            "(state IN ('held', 'in_bed', 'on_leave')) = (bed_id IS NOT NULL)", name="placed_has_bed"
        ),
        sa.CheckConstraint(
            "(state = 'held') = (hold_id IS NOT NULL AND held_until IS NOT NULL)", name="held_has_hold"
        ),
        sa.Index("placement_queue", "department_id", "since", postgresql_where=sa.text("state = 'queued'")),
        sa.Index("placement_held_until", "held_until", postgresql_where=sa.text("state = 'held'")),
        sa.Index("placement_department_state", "department_id", "state"),
        sa.Index("placement_patient", "patient_id"),
    )
    op.create_table(
        "occupancy",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
        sa.Column("admission_id", UUID, nullable=False),
        sa.Column("patient_id", UUID, nullable=False),
        sa.Column("period", TSTZRANGE, nullable=False),
        one_of("kind", ("hold", "stay")),
        sa.CheckConstraint("NOT isempty(period)", name="period_not_empty"),
        ExcludeConstraint(("bed_id", "="), ("period", "&&"), name="occupancy_one_per_bed"),
        ExcludeConstraint(
            ("admission_id", "="),
            ("period", "&&"),
            where=sa.text("kind = 'hold'"),
            name="occupancy_one_hold_per_admission",
        ),
        ExcludeConstraint(
            ("patient_id", "="),
            ("period", "&&"),
            where=sa.text("kind = 'stay'"),
            name="occupancy_one_stay_per_patient",
        ),
    )
    op.create_table(
        "movement",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
        sa.Column("kind", sa.Text, nullable=False),
        sa.Column("from_bed_id", UUID),
        sa.Column("to_bed_id", UUID),
        sa.Column("moved_at", Moment, nullable=False),
        sa.Column("occurred_at", Moment, nullable=False),
        sa.Column("moved_by", sa.Text, nullable=False),
        sa.Column("reason_code", sa.Text),
        one_of("kind", ("arrival", "move", "departure")),
        sa.Index("movement_admission", "admission_id", "moved_at"),
    )


def create_cleaning() -> None:
    op.create_table(
        "cleaning_job",
        sa.Column("id", UUID, primary_key=True),
        sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
        sa.Column("department_id", UUID, nullable=False),
        sa.Column("type", sa.Text, nullable=False),
        sa.Column("priority", sa.Text, nullable=False),
        sa.Column("state", sa.Text, nullable=False),
        sa.Column("requested_at", Moment, nullable=False),
        sa.Column("started_at", Moment),
        sa.Column("started_by", sa.Text),
        sa.Column("completed_at", Moment),
        *version_columns(),
        one_of("type", ("discharge", "transfer", "isolation_terminal", "spill", "daily")),
        one_of("priority", ("stat", "clean_next", "normal")),
        one_of("state", ("requested", "started", "completed", "cancelled")),
        sa.Index(
            "cleaning_job_one_open_per_bed",
            "bed_id",
            unique=True,
            postgresql_where=sa.text("state IN ('requested', 'started')"),
        ),
        sa.Index("cleaning_job_department", "department_id", "state", "requested_at"),
    )
