"""What becomes due in beds: holds that are over, targets missed, beds that are ready for somebody who waits."""

from collections.abc import Awaitable, Callable, Sequence

from beds import records
from beds.events import BED, DEPARTMENT, PLACEMENT, RESERVATION, BedEvent, ReservationEvent
from beds.handlers.cleaning import tell_missed_target
from beds.handlers.holding import sweep_expired_hold
from beds.handlers.offers import offer_next
from beds.handlers.reservations import turn_due_reservation
from beds.handlers.transfers import sweep_expired_transfer
from beds.queries import BED_KEYS, DEPARTMENT_KEYS, PLACEMENT_KEYS
from common import failpoints
from common.db import Database, UnitOfWork
from common.envelope import Fact
from common.process import Process
from common.repair import Repeated, repair_timer
from common.timers import Timer

EVERY_SECONDS = 1.0
_SWEEP = failpoints.around_commit("timer.hold_sweep")
_QUEUE = failpoints.around_commit("timer.queue")
_RESERVATIONS = failpoints.around_commit("timer.reservations")
_TARGETS = failpoints.around_commit("timer.cleaning_targets")
REPEATED = (
    Repeated(DEPARTMENT, records.departments, DEPARTMENT_KEYS),
    Repeated(BED, records.beds, BED_KEYS),
    Repeated(PLACEMENT, records.placements, PLACEMENT_KEYS),
)
_FREES_A_BED = {
    *(BED.event_type(what) for what in (BedEvent.READIED, BedEvent.RELEASED, BedEvent.HOLD_EXPIRED)),
    *(RESERVATION.event_type(what) for what in (ReservationEvent.CANCELLED, ReservationEvent.EXPIRED)),
}


def timers(process: Process) -> Sequence[Timer]:
    database = process.database
    sweep = Timer("beds", "hold_sweep", EVERY_SECONDS, lambda: _until_done(database, _sweep_one, _SWEEP))
    queue = Timer("beds", "queue", EVERY_SECONDS, lambda: _until_done(database, offer_next, _QUEUE))
    reservations = Timer(
        "beds",
        "reservations",
        EVERY_SECONDS,
        lambda: _until_done(database, turn_due_reservation, _RESERVATIONS),
    )
    targets = Timer(
        "beds", "cleaning_targets", EVERY_SECONDS, lambda: _until_done(database, tell_missed_target, _TARGETS)
    )

    def wake_queue(facts: list[Fact]) -> None:
        if any(fact.type in _FREES_A_BED for fact in facts):
            queue.wake()
            reservations.wake()

    database.after_commit(wake_queue)
    return (sweep, queue, reservations, targets, repair_timer("beds", database, REPEATED))


async def _sweep_one(act: UnitOfWork) -> bool:
    return await sweep_expired_hold(act) or await sweep_expired_transfer(act)


async def _until_done(
    database: Database, one: Callable[[UnitOfWork], Awaitable[bool]], around: failpoints.Commit
) -> None:
    """Each in a transaction of its own, until nothing is due."""
    more = True
    while more:
        async with database.write(around=around) as act:
            more = await one(act)
