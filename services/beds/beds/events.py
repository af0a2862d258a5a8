"""The facts that beds publishes, one per changed aggregate and act (contract §4); `contracts/` is made of them."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from beds.domain.bed import Bed
from beds.domain.cleaning import CleaningJob
from beds.domain.layout import Department, Room
from beds.domain.movement import Reversible
from beds.domain.placement import Placement
from beds.domain.reservation import Reservation
from beds.domain.targets import Target
from beds.domain.transfer import Transfer
from common.access import published_access
from common.catalogue import Catalogue, Happening, Published
from common.topics import Topic

DEPARTMENT = Topic("beds", "department", has_state=True)
ROOM = Topic("beds", "room")
BED = Topic("beds", "bed", has_state=True)
PLACEMENT = Topic("beds", "placement", has_state=True)
TRANSFER = Topic("beds", "transfer")
RESERVATION = Topic("beds", "reservation")
CLEANING_JOB = Topic("beds", "cleaning_job")


@dataclass(frozen=True, slots=True)
class DeclaredReady:
    """Why a bed is ready that nobody has cleaned; null after a cleaning."""

    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class BedBefore:
    bed_id: UUID


@dataclass(frozen=True, slots=True)
class CameFrom:
    previous: BedBefore


@dataclass(frozen=True, slots=True)
class OfferDeclined:
    """Which bed was not taken, and why."""

    previous: BedBefore
    reason_code: str


@dataclass(frozen=True, slots=True)
class Occurred:
    """When it was, as the ward says; `changed_at` is when it was recorded."""

    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class TakenBack:
    """What was recorded by mistake, and why it is taken back."""

    of: Reversible
    reason_code: str


@dataclass(frozen=True, slots=True)
class FoundDirty:
    """Why an inspection failed; null for every other change."""

    reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class RulesOverridden:
    """Why the rules in `overridden` need not be kept; null where none was overridden by this act."""

    override_reason_code: str | None = None


@dataclass(frozen=True, slots=True)
class TargetMissed:
    """What was missed, and at which part of its limit, 100 or 150."""

    target: Target
    percent: int


class DepartmentEvent(Happening):
    OPENED = "opened", "A department is there."
    CHANGED = "changed", "Its code or name is another one."
    CLOSED = "closed", "Nobody is admitted to it any more."


class RoomEvent(Happening):
    ADDED = "added", "A room is there."
    CHANGED = (
        "changed",
        "Its code or what is known of it is another, or it takes no new beds, or takes them again.",
    )


class BedEvent(Happening):
    ADDED = "added", "A bed is there, dirty until it is cleaned or declared ready."
    CHANGED = (
        "changed",
        "Its code, room or equipment is another, or its cleaning has come to another step.",
        FoundDirty,
    )
    HELD = "held", "It is held for an admission until `held_until`.", RulesOverridden
    RELEASED = "released", "Its hold was given up; it is available."
    HOLD_EXPIRED = "hold_expired", "Its hold came to its end without an arrival; it is available."
    OCCUPIED = "occupied", "A patient is in it.", RulesOverridden
    VACATED = "vacated", "The patient is out; it is dirty."
    READIED = "readied", "It is available: cleaned, or declared ready for a reason.", DeclaredReady
    BLOCKED = "blocked", "It is out of use for a while."
    UNBLOCKED = "unblocked", "It is in use again, dirty."
    CLOSED = "closed", "It is out of the hospital's count."
    OPENED = "opened", "It is in the hospital's count again, dirty."


class PlacementEvent(Happening):
    QUEUED = "queued", "The admission waits for a bed; `refusal` says why it has none."
    HELD = "held", "A bed is held for the admission, or the offer of it is accepted."
    OFFERED = (
        "offered",
        "A bed has become free and is held for the admission until somebody decides (`offer_id`).",
    )
    OFFER_DECLINED = (
        "offer_declined",
        "The offered bed is not taken; the admission waits on, as long as before.",
        OfferDeclined,
    )
    OFFER_EXPIRED = (
        "offer_expired",
        "Nobody decided about the offered bed in time; the admission waits on, as long as before.",
        CameFrom,
    )
    ARRIVED = "arrived", "The patient is in the bed.", Occurred
    MOVED = "moved", "The patient is in another bed; in another department a transfer is completed.", CameFrom
    CHANGED = (
        "changed",
        "A transfer is pending (`transfer_id`) or a bed reserved (`reservation_id`), or is not any more.",
    )
    LEFT_ON_LEAVE = "left_on_leave", "The patient is away for a while; the bed is kept."
    RETURNED = "returned", "The patient is back from leave, in the same bed."
    DEPARTED = "departed", "The patient has left.", Occurred
    REVERSED = "reversed", "An arrival or a move is taken back: it was a mistake.", TakenBack
    WITHDRAWN = "withdrawn", "No bed is wanted any more, and nobody had arrived."
    ENTERED_IN_ERROR = "entered_in_error", "Its admission should never have been; what was recorded stays."
    ANSWERED = "answered", "The want was seen (`want_version`), and where the patient is stays as it was."


class TransferEvent(Happening):
    REQUESTED = (
        "requested",
        "The patient is to come to another department, or the hold there is over: decide again.",
    )
    ACCEPTED = "accepted", "A bed is held there; the patient stays where he is until moved."
    DECLINED = "declined", "The other department does not take the patient."
    CANCELLED = "cancelled", "The patient is not to go there any more, or has left."
    COMPLETED = "completed", "The patient is in a bed of that department."


class ReservationEvent(Happening):
    MADE = "made", "A bed is kept from others for a planned admission, from `starts_at` until `ends_at`."
    KEPT = "kept", "The bed is held for the patient, or the patient is in it."
    CANCELLED = (
        "cancelled",
        "It was given back, or the patient has or wants another bed, or none: see `reason_code`.",
    )
    EXPIRED = "expired", "Its time is over, and the bed was not held: not ready, or not suiting the patient."


class CleaningJobEvent(Happening):
    REQUESTED = "requested", "A bed is to be cleaned."
    ACCEPTED = "accepted", "Somebody is on the way."
    STARTED = "started", "Somebody cleans it."
    SUSPENDED = "suspended", "Whoever cleaned was called away; cleaning time stands still."
    RESUMED = "resumed", "Somebody goes on."
    COMPLETED = "completed", "It is clean, and after isolation to be inspected."
    INSPECTED = "inspected", "Somebody else has looked; `passed` says with which result."
    CANCELLED = "cancelled", "The cleaning is not needed any more."
    TARGET_MISSED = "target_missed", "It takes as long as it may, or half as long again.", TargetMissed


class ReportAccess(Happening):
    EXPORTED = "exported", "A report was given out as a file; `act` names it."


CATALOGUE = Catalogue(
    Published.of(DEPARTMENT, Department, DepartmentEvent),
    Published.of(ROOM, Room, RoomEvent),
    Published.of(BED, Bed, BedEvent),
    Published.of(PLACEMENT, Placement, PlacementEvent),
    Published.of(TRANSFER, Transfer, TransferEvent),
    Published.of(RESERVATION, Reservation, ReservationEvent),
    Published.of(CLEANING_JOB, CleaningJob, CleaningJobEvent),
    published_access("beds", *ReportAccess),
)
happened = CATALOGUE.happened
