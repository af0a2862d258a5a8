"""Tables and constraints. Whoever writes: one occupant per bed, one stay per patient, no dirty bed given away."""

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, JSONB, TSTZRANGE, UUID, ExcludeConstraint

from beds.domain import cleaning
from beds.domain.bed import BedNotReady, BedState, BedTaken
from beds.domain.cleaning import (
    AlreadyRequested,
    CleaningPriority,
    CleaningState,
    CleaningType,
    SamePerson,
)
from beds.domain.cots import CotElsewhere
from beds.domain.layout import AgeBand, CodeTaken, DepartmentState, LevelOfCare, SexPolicy
from beds.domain.movement import MovementKind
from beds.domain.offer import OfferState
from beds.domain.placement import (
    AdmissionAlreadyHolds,
    AlreadyReversed,
    PatientInAnotherBed,
    PlacementState,
    Unplaced,
)
from beds.domain.reservation import AlreadyReserved, ReservationState
from beds.domain.rules import ALWAYS_HARD, Rule, Severity
from beds.domain.targets import Target
from beds.domain.transfer import PENDING, TransferPending, TransferState
from common.columns import Moment, one_of, sql_words, version_columns
from common.errors import Refusal
from common.mechanism_tables import add_mechanism_tables

metadata = sa.MetaData()
add_mechanism_tables(metadata)


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

placement = sa.Table(
    "placement",
    metadata,
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
    sa.Column("transfer_id", UUID, comment="the pending transfer"),
    sa.Column("reservation_id", UUID, comment="the bed that is reserved for later"),
    sa.Column("needs", JSONB, nullable=False, server_default="{}"),
    sa.Column("offer_id", UUID, comment="the hold, while it is an offer"),
    sa.Column("entered_in_error", sa.Boolean, nullable=False, server_default=sa.false()),
    *version_columns(),
    one_of("state", PlacementState),
    one_of("refusal", Unplaced),
    sa.CheckConstraint(
        "(state IN ('held', 'in_bed', 'on_leave')) = (bed_id IS NOT NULL)", name="placed_has_bed"
    ),
    sa.CheckConstraint(
        "(state = 'held') = (hold_id IS NOT NULL AND held_until IS NOT NULL)", name="held_has_hold"
    ),
    sa.CheckConstraint(
        "transfer_id IS NULL OR state IN ('in_bed', 'on_leave')", name="transfer_of_somebody_here"
    ),
    sa.CheckConstraint("offer_id IS NULL OR offer_id IS NOT DISTINCT FROM hold_id", name="offer_is_the_hold"),
    sa.CheckConstraint(
        "reservation_id IS NULL OR state IN ('queued', 'held')", name="reservation_of_somebody_waiting"
    ),
    sa.Index("placement_queue", "department_id", "since", postgresql_where=sa.text("state = 'queued'")),
    sa.Index("placement_held_until", "held_until", postgresql_where=sa.text("state = 'held'")),
    sa.Index("placement_department_state", "department_id", "state"),
    sa.Index("placement_patient", "patient_id"),
)

occupancy = sa.Table(
    "occupancy",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("admission_id", UUID, nullable=False),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("period", TSTZRANGE, nullable=False),
    sa.Column("void", sa.Boolean, nullable=False, server_default=sa.false()),
    one_of("kind", ("hold", "stay")),
    sa.CheckConstraint("NOT isempty(period)", name="period_not_empty"),
    sa.CheckConstraint("kind = 'hold' OR NOT void", name="stays_are_never_void"),
    ExcludeConstraint(
        ("bed_id", "="), ("period", "&&"), where=sa.text("NOT void"), name="occupancy_one_per_bed"
    ),
    ExcludeConstraint(
        ("admission_id", "="),
        ("period", "&&"),
        where=sa.text("kind = 'hold' AND NOT void"),
        name="occupancy_one_hold_per_admission",
    ),
    ExcludeConstraint(
        ("patient_id", "="),
        ("period", "&&"),
        where=sa.text("kind = 'stay'"),
        name="occupancy_one_stay_per_patient",
    ),
)

offer = sa.Table(
    "offer",
    metadata,
    sa.Column("id", UUID, sa.ForeignKey("occupancy.id"), primary_key=True, comment="its hold"),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("want_version", sa.BigInteger, nullable=False),
    sa.Column("offered_at", Moment, nullable=False),
    sa.Column("offered_until", Moment, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("decided_at", Moment),
    sa.Column("decided_by", sa.Text),
    one_of("state", OfferState),
    sa.CheckConstraint("(state = 'offered') = (decided_at IS NULL)", name="decided_or_offered"),
    sa.CheckConstraint("(state = 'declined') = (reason_code IS NOT NULL)", name="declined_for_a_reason"),
    sa.Index(
        "offer_one_open_per_admission",
        "admission_id",
        unique=True,
        postgresql_where=sa.text("state = 'offered'"),
    ),
    sa.Index("offer_once_for_a_want", "admission_id", "want_version", "bed_id", unique=True),
    sa.Index("offer_department", "department_id", "offered_at"),
    sa.Index("offer_bed", "bed_id", "offered_at"),
)

transfer = sa.Table(
    "transfer",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("from_department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id")),
    sa.Column("hold_id", UUID),
    sa.Column("held_until", Moment),
    sa.Column("reason_code", sa.Text),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("requested_by", sa.Text, nullable=False),
    sa.Column("needs", JSONB),
    sa.Column("needs_before", JSONB),
    *version_columns(),
    one_of("state", TransferState),
    sa.CheckConstraint("from_department_id <> department_id", name="another_department"),
    sa.CheckConstraint(
        "(state = 'accepted') = (hold_id IS NOT NULL AND held_until IS NOT NULL)", name="accepted_has_hold"
    ),
    sa.Index(
        "transfer_one_pending_per_admission",
        "admission_id",
        unique=True,
        postgresql_where=sa.text(f"state IN ({sql_words(PENDING)})"),
    ),
    sa.Index("transfer_held_until", "held_until", postgresql_where=sa.text("state = 'accepted'")),
    sa.Index("transfer_department_state", "department_id", "state"),
)

reservation = sa.Table(
    "reservation",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("department_id", UUID, sa.ForeignKey("department.id"), nullable=False),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("patient_id", UUID, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("starts_at", Moment, nullable=False),
    sa.Column("ends_at", Moment, nullable=False),
    sa.Column("reason_code", sa.Text),
    *version_columns(),
    one_of("state", ReservationState),
    sa.CheckConstraint("starts_at < ends_at", name="ends_after_it_starts"),
    sa.Index(
        "reservation_one_live_per_admission",
        "admission_id",
        unique=True,
        postgresql_where=sa.text("state = 'reserved'"),
    ),
    sa.Index("reservation_of_bed", "bed_id", "ends_at", postgresql_where=sa.text("state = 'reserved'")),
    sa.Index("reservation_due", "starts_at", postgresql_where=sa.text("state = 'reserved'")),
    sa.Index("reservation_department", "department_id", "starts_at"),
)

movement = sa.Table(
    "movement",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("admission_id", UUID, sa.ForeignKey("placement.admission_id"), nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("from_bed_id", UUID),
    sa.Column("to_bed_id", UUID),
    sa.Column("moved_at", Moment, nullable=False),
    sa.Column("occurred_at", Moment, nullable=False),
    sa.Column("moved_by", sa.Text, nullable=False),
    sa.Column("reason_code", sa.Text),
    sa.Column("reverses", UUID, sa.ForeignKey("movement.id"), unique=True),
    one_of("kind", MovementKind),
    sa.Index("movement_admission", "admission_id", "moved_at"),
    sa.Index("movement_occurred_at", "occurred_at"),
    sa.Index("movement_from_bed", "from_bed_id", "moved_at"),
    sa.Index("movement_to_bed", "to_bed_id", "moved_at"),
)

departure_reason = sa.Table(
    "departure_reason",
    metadata,
    sa.Column("code", sa.Text, primary_key=True),
    sa.Column("meaning", sa.Text, nullable=False),
    comment="why patients leave; read-only for the service",
)

cleaning_job = sa.Table(
    "cleaning_job",
    metadata,
    sa.Column("id", UUID, primary_key=True),
    sa.Column("bed_id", UUID, sa.ForeignKey("bed.id"), nullable=False),
    sa.Column("department_id", UUID, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("priority", sa.Text, nullable=False),
    sa.Column("state", sa.Text, nullable=False),
    sa.Column("requested_at", Moment, nullable=False),
    sa.Column("accepted_at", Moment),
    sa.Column("accepted_by", sa.Text),
    sa.Column("started_at", Moment),
    sa.Column("started_by", sa.Text),
    sa.Column("counted_from", Moment),
    sa.Column("suspended_at", Moment),
    sa.Column("completed_at", Moment),
    sa.Column("cleaned_by", ARRAY(sa.Text), nullable=False),
    sa.Column("inspected_at", Moment),
    sa.Column("inspected_by", sa.Text),
    sa.Column("passed", sa.Boolean),
    sa.Column("reason_code", sa.Text),
    sa.Column("targets", JSONB, nullable=False),
    sa.Column("missed", ARRAY(sa.Text), nullable=False),
    sa.Column("due_at", Moment),
    *version_columns(),
    one_of("type", CleaningType),
    one_of("priority", CleaningPriority),
    one_of("state", CleaningState),
    sa.Index(
        "cleaning_job_one_open_per_bed",
        "bed_id",
        unique=True,
        postgresql_where=sa.text(f"state IN ({sql_words(cleaning.OPEN)})"),
    ),
    sa.CheckConstraint("NOT inspected_by = ANY (cleaned_by)", name="inspected_by_another"),
    sa.Index("cleaning_job_department", "department_id", "state", "requested_at"),
    sa.Index(
        "cleaning_job_to_inspect",
        "department_id",
        postgresql_where=sa.text("state = 'completed' AND type = 'isolation_terminal'"),
    ),
    sa.Index("cleaning_job_due_at", "due_at", postgresql_where=sa.text("due_at IS NOT NULL")),
)

cleaning_target = sa.Table(
    "cleaning_target",
    metadata,
    sa.Column("target", sa.Text, primary_key=True),
    sa.Column("effective_from", Moment, primary_key=True),
    sa.Column("minutes", sa.Integer, nullable=False),
    one_of("target", Target),
    sa.CheckConstraint("minutes > 0", name="minutes_positive"),
    comment="the limits of a cleaning, each in force from its moment on; read-only for the service",
)

placement_rule = sa.Table(
    "placement_rule",
    metadata,
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("effective_from", Moment, primary_key=True),
    sa.Column("severity", sa.Text, nullable=False),
    sa.Column("penalty", sa.Integer, nullable=False),
    one_of("rule", Rule),
    one_of("severity", Severity),
    sa.CheckConstraint(f"rule NOT IN ({sql_words(ALWAYS_HARD)}) OR severity = 'hard'", name="always_hard"),
    sa.CheckConstraint("(severity = 'soft') = (penalty > 0)", name="soft_costs"),
    comment="the placement rules, each in force from its moment on; read-only for the service",
)

#: The constraint that fires, and what it means to the person who asked.
REFUSALS: dict[str, type[Refusal]] = {
    "transfer_one_pending_per_admission": TransferPending,
    "reservation_one_live_per_admission": AlreadyReserved,
    "department_code_key": CodeTaken,
    "room_code_key": CodeTaken,
    "bed_code_key": CodeTaken,
    "bed_step_allowed": BedNotReady,
    "cot_beside_its_bed": CotElsewhere,
    "occupancy_one_per_bed": BedTaken,
    "occupancy_one_hold_per_admission": AdmissionAlreadyHolds,
    "occupancy_one_stay_per_patient": PatientInAnotherBed,
    "cleaning_job_one_open_per_bed": AlreadyRequested,
    "inspected_by_another": SamePerson,
    "movement_reverses_key": AlreadyReversed,
}
