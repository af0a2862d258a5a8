"""Tables and constraints. Whoever writes: one occupant per bed, one stay per patient, no dirty bed given away."""

from beds.domain.bed import BedNotReady, BedTaken
from beds.domain.cleaning import AlreadyRequested, SamePerson
from beds.domain.cots import CotElsewhere
from beds.domain.layout import CodeTaken
from beds.domain.placement import AdmissionAlreadyHolds, AlreadyReversed, PatientInAnotherBed
from beds.domain.reservation import AlreadyReserved
from beds.domain.transfer import TransferPending
from beds.models.arranged import offer, reservation, transfer
from beds.models.cleaning import cleaning_job, cleaning_target
from beds.models.metadata import metadata
from beds.models.places import bed, bed_step, bed_transition, department, room
from beds.models.presence import departure_reason, movement, occupancy, placement
from beds.models.rules import placement_rule
from common.errors import Refusal

__all__ = [
    "REFUSALS",
    "bed",
    "bed_step",
    "bed_transition",
    "cleaning_job",
    "cleaning_target",
    "department",
    "departure_reason",
    "metadata",
    "movement",
    "occupancy",
    "offer",
    "placement",
    "placement_rule",
    "reservation",
    "room",
    "transfer",
]

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
