"""Two beds, two admissions: what beds tells of them."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

from beds.domain.bed import HOLD as HOLD_LASTS, Bed
from beds.domain.cleaning import CleaningJob, CleaningType
from beds.domain.layout import Department, DepartmentState, LevelOfCare, Room
from beds.domain.movement import Reversible
from beds.domain.offer import OFFER as OFFER_LASTS
from beds.domain.placement import Placement, Priority, Unplaced, Want, Wish, reconcile
from beds.domain.reservation import Reservation
from beds.domain.rules import Isolation, Needs, PatientSex
from beds.domain.targets import Targets
from beds.domain.transfer import Transfer
from beds.events import (
    BED as BED_TOPIC,
    DEPARTMENT as DEPARTMENT_TOPIC,
    PLACEMENT,
    BedBefore,
    BedEvent as B,
    CameFrom,
    CleaningJobEvent as C,
    DeclaredReady,
    DepartmentEvent as D,
    Occurred,
    OfferDeclined,
    PlacementEvent as P,
    ReservationEvent as V,
    RoomEvent as R,
    TakenBack,
    TargetMissed,
    TransferEvent as X,
    happened,
)
from common.envelope import Fact
from common.stamp import Stamp
from tools.contracts.examples.cast import (
    ADMISSION,
    BED,
    CLEANING_JOB,
    DEPARTMENT,
    HOLD,
    OTHER_BED,
    OTHER_DEPARTMENT,
    OTHER_USER,
    PATIENT,
    RESERVATION,
    ROOM,
    TRANSFER,
    at,
    repeated,
)

NEEDS = Needs(sex=PatientSex.FEMALE, isolation=Isolation.DROPLET, organism="influenza_a")


def told() -> Iterator[Fact]:
    yield from _places()
    yield from _beds()
    yield from _placements()
    yield from _transfers()
    yield from _reservations()
    yield from _cleaning()


def _places() -> Iterator[Fact]:
    ward = Department(DEPARTMENT, "4W", "4 West", DepartmentState.OPEN, 1, at(0).at, at(0).by)
    renamed = ward.changed(at(1), code=None, name="4 West, surgery")
    yield happened(D.OPENED, DEPARTMENT, ward, None)
    yield happened(D.CHANGED, DEPARTMENT, renamed, ward)
    yield happened(D.CLOSED, DEPARTMENT, renamed.closed(at(2)), renamed)
    yield repeated(DEPARTMENT_TOPIC, DEPARTMENT, renamed)
    room = Room(ROOM, DEPARTMENT, "401", True, 1, at(0).at, at(0).by, negative_pressure=True)
    yield happened(R.ADDED, ROOM, room, None)
    yield happened(R.CHANGED, ROOM, room.changed(at(1), active=False), room)


def _beds() -> Iterator[Fact]:
    added = Bed.added(BED, DEPARTMENT, ROOM, "401-A", at(0), ("ventilator",))
    ready = added.readied(at(3))
    held = ready.held(HOLD, ADMISSION, PATIENT, at(5).at + HOLD_LASTS, at(5))
    occupied = held.occupied(ADMISSION, PATIENT, at(15))
    vacated = occupied.vacated(at(90))
    blocked = ready.blocked("broken", at(100).at, at(4))
    closed = ready.closed(at(4))
    yield happened(B.ADDED, BED, added, None)
    yield happened(B.READIED, BED, ready, added, DeclaredReady("new_bed"))
    yield happened(B.HELD, BED, held, ready)
    yield happened(B.RELEASED, BED, held.released(at(6)), held)
    yield happened(B.HOLD_EXPIRED, BED, held.released(at(36)), held)
    yield happened(B.OCCUPIED, BED, occupied, held)
    yield happened(B.VACATED, BED, vacated, occupied)
    yield happened(B.CHANGED, BED, vacated.cleaning_started(at(95)), vacated)
    yield happened(B.BLOCKED, BED, blocked, ready)
    yield happened(B.UNBLOCKED, BED, blocked.unblocked(at(7)), blocked)
    yield happened(B.CLOSED, BED, closed, ready)
    yield happened(B.OPENED, BED, closed.opened(at(7)), closed)
    yield repeated(BED_TOPIC, BED, occupied)


def _placements() -> Iterator[Fact]:
    want = Want(DEPARTMENT, None, Priority.URGENT, NEEDS, True, at(5).at)
    wish = Wish(ADMISSION, PATIENT, want, 1, 1)
    first = reconcile(Placement.first(wish, at(5)), wish, None, at(5)).placement
    queued = first.answered(at(5))
    held = queued.held(BED, DEPARTMENT, HOLD, at(5).at + HOLD_LASTS, at(6))
    given_up = Wish(ADMISSION, PATIENT, None, 3, 1)
    withdrawn = reconcile(held, given_up, DEPARTMENT, at(7)).placement.answered(at(7))
    arrived = held.arrived(BED, DEPARTMENT, at(15))
    other_want = Wish(ADMISSION, PATIENT, replace(want, priority=Priority.ELECTIVE), 2, 1)
    answered = reconcile(arrived, other_want, DEPARTMENT, at(16)).placement.answered(at(16))
    moved = arrived.moved(OTHER_BED, DEPARTMENT, at(30))
    yield happened(P.QUEUED, ADMISSION, queued, None)
    yield happened(P.HELD, ADMISSION, held, queued)
    yield happened(P.QUEUED, ADMISSION, held.unheld(Unplaced.RELEASED, at(8)), held)
    offered = queued.held(BED, DEPARTMENT, HOLD, at(9).at + OFFER_LASTS, at(9), is_offer=True)
    declined = OfferDeclined(BedBefore(BED), "too_far_away")
    yield happened(P.OFFERED, ADMISSION, offered, queued)
    yield happened(P.OFFER_DECLINED, ADMISSION, offered.passed_over(at(11)), offered, declined)
    yield happened(P.OFFER_EXPIRED, ADMISSION, offered.passed_over(at(20)), offered, CameFrom(BedBefore(BED)))
    yield happened(P.WITHDRAWN, ADMISSION, withdrawn, held)
    yield happened(P.ARRIVED, ADMISSION, arrived, held, Occurred(arrived.changed_at))
    yield happened(P.ANSWERED, ADMISSION, answered, arrived)
    yield happened(P.MOVED, ADMISSION, moved, arrived, CameFrom(BedBefore(BED)))
    away = moved.left_on_leave(at(40))
    yield happened(P.LEFT_ON_LEAVE, ADMISSION, away, moved)
    yield happened(P.RETURNED, ADMISSION, away.returned(at(70)), away)
    back = away.returned(at(70))
    taken_back = TakenBack(Reversible.ARRIVAL, "wrong_patient")
    yield happened(P.REVERSED, ADMISSION, back.arrival_reversed(at(75)), back, taken_back)
    yield happened(P.CHANGED, ADMISSION, moved.transferring(TRANSFER, at(32)), moved)
    left = moved.departed("discharged", at(90))
    yield happened(P.DEPARTED, ADMISSION, left, moved, Occurred(at(85).at))
    yield happened(P.ENTERED_IN_ERROR, ADMISSION, left.entered_erroneously(at(95)), left)
    yield repeated(PLACEMENT, ADMISSION, arrived)


def _transfers() -> Iterator[Fact]:
    needs = replace(NEEDS, level_of_care=LevelOfCare.INTENSIVE)
    asked = Transfer.requested(TRANSFER, ADMISSION, PATIENT, DEPARTMENT, OTHER_DEPARTMENT, at(32), needs)
    accepted = asked.accepted(OTHER_BED, HOLD, at(35).at + HOLD_LASTS, at(35))
    yield happened(X.REQUESTED, TRANSFER, asked, None)
    yield happened(X.ACCEPTED, TRANSFER, accepted, asked)
    yield happened(X.DECLINED, TRANSFER, asked.declined("no_capacity", at(35)), asked)
    yield happened(X.CANCELLED, TRANSFER, accepted.cancelled("departed", at(40)), accepted)
    yield happened(X.COMPLETED, TRANSFER, accepted.completed(OTHER_BED, NEEDS, at(50)), accepted)


def _reservations() -> Iterator[Fact]:
    bed = Bed.added(BED, DEPARTMENT, ROOM, "401-A", at(0))
    tomorrow = at(5).at + timedelta(days=1)
    made = Reservation.made(
        RESERVATION, bed, ADMISSION, PATIENT, tomorrow, tomorrow + timedelta(hours=4), at(5)
    )
    early, late = at(50), Stamp(made.ends_at, "service/beds")
    yield happened(V.MADE, RESERVATION, made, None)
    yield happened(V.KEPT, RESERVATION, made.kept(early), made)
    yield happened(V.CANCELLED, RESERVATION, made.cancelled("given_back", early), made)
    yield happened(V.EXPIRED, RESERVATION, made.expired(late), made)


def _cleaning() -> Iterator[Fact]:
    limits = Targets(response=30, cleaning=30, turnaround=60)
    kind = CleaningType.ISOLATION_TERMINAL
    job = CleaningJob.requested(CLEANING_JOB, BED, DEPARTMENT, at(90), limits, type=kind)
    accepted = job.accepted(at(92))
    started = accepted.started(at(95))
    suspended = started.suspended(at(100))
    resumed = suspended.resumed(at(115))
    completed = resumed.completed(at(140))
    miss = suspended.next_miss()
    assert miss is not None
    yield happened(C.REQUESTED, CLEANING_JOB, job, None)
    yield happened(C.ACCEPTED, CLEANING_JOB, accepted, job)
    yield happened(C.STARTED, CLEANING_JOB, started, accepted)
    yield happened(C.SUSPENDED, CLEANING_JOB, suspended, started)
    yield happened(C.RESUMED, CLEANING_JOB, resumed, suspended)
    yield happened(C.COMPLETED, CLEANING_JOB, completed, resumed)
    inspected = completed.inspected(True, None, replace(at(145), by=f"user/{OTHER_USER}"))
    yield happened(C.INSPECTED, CLEANING_JOB, inspected, completed)
    yield happened(C.CANCELLED, CLEANING_JOB, job.cancelled(at(92)), job)
    yield happened(
        C.TARGET_MISSED,
        CLEANING_JOB,
        suspended.told(miss, at(150)),
        suspended,
        TargetMissed(miss.target, miss.percent),
    )
