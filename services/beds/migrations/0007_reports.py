"""The states of a bed are kept, for reports; they begin with the state that each bed is in now."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import UUID

from common.columns import Moment, one_of

revision = "0007"
down_revision = "0006"

STATES = ("available", "held", "occupied", "dirty", "cleaning", "inspect", "blocked", "closed")
#: With the rights of its owner: the service itself can neither add to the past nor change it.
#: Of two steps at one moment (a swap) the later is what the bed was in from then on.
TELL_STEP = """
CREATE FUNCTION tell_bed_step() RETURNS trigger LANGUAGE plpgsql
SECURITY DEFINER SET search_path = public, pg_temp AS $$
BEGIN
  IF TG_OP = 'INSERT' OR NEW.state <> OLD.state THEN
    INSERT INTO bed_step (bed_id, began_at, state) VALUES (NEW.id, NEW.since, NEW.state)
    ON CONFLICT (bed_id, began_at) DO UPDATE SET state = excluded.state;
  END IF;
  RETURN NULL;
END $$"""
MOVEMENT_INDEXES = {
    "movement_occurred_at": ["occurred_at"],
    "movement_from_bed": ["from_bed_id", "moved_at"],
    "movement_to_bed": ["to_bed_id", "moved_at"],
}


def upgrade() -> None:
    op.create_table(
        "bed_step",
        sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), primary_key=True),
        sa.Column("began_at", Moment, primary_key=True),
        sa.Column("state", sa.Text, nullable=False),
        one_of("state", STATES),
        comment="every state that a bed was in, kept by a trigger; read-only for the service",
    )
    op.execute("GRANT SELECT ON bed_step TO beds")
    op.execute("INSERT INTO bed_step (bed_id, began_at, state) SELECT id, since, state FROM bed")
    op.execute(TELL_STEP)
    op.execute(
        "CREATE TRIGGER tell_bed_step AFTER INSERT OR UPDATE OF state ON bed "
        "FOR EACH ROW EXECUTE FUNCTION tell_bed_step()"
    )
    op.execute("ALTER TABLE bed ENABLE ALWAYS TRIGGER tell_bed_step")
    for name, columns in MOVEMENT_INDEXES.items():
        op.create_index(name, "movement", columns)
