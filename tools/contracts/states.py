"""The states of what the services keep, as pictures and tables for people, made of the tables that the code obeys."""

from collections.abc import Iterable, Iterator, Mapping
from itertools import product
from typing import Any, NamedTuple

from admissions.domain.admission import FOLLOWS, STATUS as ADMISSION_STATUS, AdmissionState
from beds.domain.bed import STATUS as BED_STATUS, TRANSITIONS, BedState
from beds.domain.cleaning import STEPS, CleaningState
from beds.domain.offer import OFFER_STEPS, OfferState
from beds.domain.placement import PLACEMENT_STEPS, STEPS_ALLOWED, PlacementState
from beds.domain.reservation import RESERVATION_STEPS, ReservationState
from beds.domain.transfer import TRANSFER_STEPS, TransferState

_TOP = """\
# States

Made by `make contracts` from the tables that the code itself obeys: no picture here says more
or less than what can happen.
"""

_BED = """\
Every step that a bed may take, whoever asks. The database holds the same table and refuses all others
(`services/beds/beds/domain/bed.py`). There is no way from occupied to available: a bed that a patient has left is
dirty first.
"""
_JOB = """\
Each step by the command that takes it (`services/beds/beds/domain/cleaning.py`). Only a job of type
`isolation_terminal` is inspected.
"""
_PLACEMENT = """\
Where the patient of an admission is, by what brings about each step (`services/beds/beds/domain/placement/states.py`).
What leaves the state as it is, like a move, a swap or another hold, is not drawn. A queued patient departs only where
a restored database knew of no bed for him (`recovered`).
"""
_TRANSFER = """\
The patient stays where he is until a move, or a swap, brings him to the receiving department, which completes it,
accepted or not (`services/beds/beds/domain/transfer.py`). A hold that is over is none: the transfer is requested
again. A departure and an arrival that is reversed cancel it.
"""
_OFFER = """\
A bed that becomes free is held for ten minutes for whoever goes first in the queue
(`services/beds/beds/domain/offer.py`). An arrival in the bed accepts, too. Declined or over, it goes on to the next; a
newer want, another hold, an arrival elsewhere or a release withdraws it.
"""
_RESERVATION = """\
The bed is kept from others from `starts_at` until `ends_at` (`services/beds/beds/domain/reservation.py`). Kept: the bed
is held for the patient, by itself once the time has come, or the patient is in it, also earlier. A bed that is not
ready or does not suit until the end, or for which nobody comes, is free again: expired. A patient who gets another bed,
or for whom none or another one is wanted, cancels it.
"""
_ADMISSION = """\
Beds decides where the patient is, and an open admission follows: this is what it becomes when its placement is in
such a state (`services/admissions/admissions/domain/admission`). A placement that is `withdrawn` ends an admission
that is being cancelled. Closed admissions change by no event, only by reopening.
"""


class Step(NamedTuple):
    was: str
    becomes: str
    by: str = ""


def page() -> str:
    """Markdown, a chapter for each kind of thing."""
    bed_steps = sorted(TRANSITIONS, key=lambda step: [list(BedState).index(state) for state in step])
    lines = [
        _TOP,
        *_chapter(
            "Bed",
            _BED,
            _picture([Step("[*]", BedState.DIRTY, "added"), *(Step(*step) for step in bed_steps)]),
        ),
        *_words(
            ("state", "the seeds' word", "HL7 table 0116"), {state: BED_STATUS[state] for state in BedState}
        ),
        *_chapter(
            "Cleaning job",
            _JOB,
            _picture([Step("[*]", CleaningState.REQUESTED), *_steps(STEPS, CleaningState)]),
        ),
        *_chapter("Placement", _PLACEMENT, _picture(_steps_of_placements())),
        *_chapter(
            "Transfer",
            _TRANSFER,
            _picture([Step("[*]", TransferState.REQUESTED), *_steps(TRANSFER_STEPS, TransferState)]),
        ),
        *_chapter(
            "Offer", _OFFER, _picture([Step("[*]", OfferState.OFFERED), *_steps(OFFER_STEPS, OfferState)])
        ),
        *_chapter(
            "Reservation",
            _RESERVATION,
            _picture([Step("[*]", ReservationState.RESERVED), *_steps(RESERVATION_STEPS, ReservationState)]),
        ),
        *_chapter("Admission", _ADMISSION, ()),
        *_words(("placement", "admission"), {state: (becomes,) for state, becomes in FOLLOWS.items()}),
        "",
        *_words(
            ("admission", "the seeds' word"),
            {state: (ADMISSION_STATUS.get(state, state),) for state in AdmissionState},
        ),
    ]
    return "\n".join(lines).rstrip() + "\n"


def _steps(steps: Mapping[str, Any], states: Iterable[str]) -> Iterator[Step]:
    """In the order of the acts, each from every state in which it is possible."""
    known = list(states)
    for name, step in steps.items():
        yield from (Step(was, step.becomes, name) for was in known if was in step.sources)


def _steps_of_placements() -> Iterator[Step]:
    yield from (Step("[*]", first) for was, first in sorted(STEPS_ALLOWED, key=str) if was is None)
    states = list(PlacementState)
    for name, (sources, becomes) in PLACEMENT_STEPS.items():
        yield from (
            Step(was, now, name)
            for was, now in product(states, states)
            if was in sources and now in becomes and was != now
        )


def _chapter(title: str, about: str, picture: Iterable[str]) -> Iterator[str]:
    yield from ("", f"## {title}", "", about)
    yield from picture


def _picture(steps: Iterable[Step]) -> Iterator[str]:
    yield from ("```mermaid", "stateDiagram-v2")
    for was, becomes, by in steps:
        yield f"    {was} --> {becomes}" + (f" : {by}" if by else "")
    yield from ("```", "")


def _words(head: tuple[str, ...], rows: Mapping[str, tuple[str, ...]]) -> Iterator[str]:
    for row in (head, ("---",) * len(head), *((state, *words) for state, words in rows.items())):
        yield f"| {' | '.join(row)} |"
