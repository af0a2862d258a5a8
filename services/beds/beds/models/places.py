"""Where patients are put: departments, rooms, beds with their steps."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, UUID

from beds.domain.bed import BedState
from beds.domain.layout import AgeBand, DepartmentState, LevelOfCare, SexPolicy
from beds.models.metadata import metadata
from common.columns import Moment, one_of, version_columns

department = sa.Table(
    "department",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("name", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    *version_columns(),
    one_of("state", DepartmentState),
    sa.Index("department_code_key", "code", unique=True, postgresql_where=sa.text("state = 'open'")),
)


room = sa.Table(
    "room",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("code", sa.Text, nullable=False),
    sa.Column("active", sa.Boolean, nullable=False),
    sa.Column("sex_policy", sa.Text, nullable=False),
    sa.Column("negative_pressure", sa.Boolean, nullable=False),
    sa.Column("age_band", sa.Text, nullable=False),
    sa.Column("level_of_care", sa.Text, nullable=False),
    sa.Column("specialty", sa.Text),
    *version_columns(),
    one_of("sex_policy", SexPolicy),
    one_of("age_band", AgeBand),
    one_of("level_of_care", LevelOfCare),
    sa.Index("room_code_key", "department_id", "code", unique=True, postgresql_where=sa.text("active")),
)


bed_transition = sa.Table(
    "bed_transition",
    metadata,
    sa.Column("was", sa.Text, primary_key=True),
    sa.Column("becomes", sa.Text, primary_key=True),
    comment="every step that a bed may take; read-only for the service",
)


bed = sa.Table(
    "bed",
    metadata,
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
    sa.Column("equipment", ARRAY(sa.Text), nullable=False),
    sa.Column("overridden", ARRAY(sa.Text), nullable=False),
    sa.Column("cot_of_bed_id", UUID),
    sa.Column("came_from", sa.Text, comment="the state before, kept by a trigger"),
    *version_columns(),
    one_of("state", BedState),
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
        "bed_code_key", "department_id", "code", unique=True, postgresql_where=sa.text("state <> 'closed'")
    ),
    sa.UniqueConstraint("id", "department_id", "room_id", name="bed_place_key"),
    sa.ForeignKeyConstraint(
        ["cot_of_bed_id", "department_id", "room_id"],
        ["bed.id", "bed.department_id", "bed.room_id"],
        name="cot_beside_its_bed",
    ),
    sa.CheckConstraint("cot_of_bed_id IS NULL OR room_id IS NOT NULL", name="cot_in_a_room"),
    sa.Index("bed_cot_of", "cot_of_bed_id", postgresql_where=sa.text("cot_of_bed_id IS NOT NULL")),
    sa.Index("bed_department_id_idx", "department_id", "code"),
    sa.Index("bed_room", "room_id"),
)


bed_step = sa.Table(
    "bed_step",
    metadata,
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), primary_key=True),
    sa.Column("began_at", Moment, primary_key=True),
    sa.Column("state", sa.Text, nullable=False),
    one_of("state", BedState),
    comment="every state that a bed was in, kept by a trigger; read-only for the service",
)
