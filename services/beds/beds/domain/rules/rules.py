"""The placement rules (domain §3): each says what must be so, and how much of it is not, for one patient in one bed."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import NamedTuple

from beds.domain.bed import BedState
from beds.domain.layout import AgeBand, LevelOfCare, SexPolicy
from beds.domain.rules.needs import Isolation, Needs, PatientAge, RoomPreference
from beds.domain.rules.place import Place


class Rule(StrEnum):
    BED_READY = "bed_ready"
    NEGATIVE_PRESSURE = "negative_pressure"
    EQUIPMENT = "equipment"
    COT = "cot"
    SEX_POLICY = "sex_policy"
    FIRST_OCCUPANT = "first_occupant"
    ISOLATION = "isolation"
    BESIDE_ISOLATION = "beside_isolation"
    AGE_BAND = "age_band"
    LEVEL_OF_CARE = "level_of_care"
    SPECIALTY = "specialty"
    ROOM_PREFERENCE = "room_preference"
    KEEP_SINGLE = "keep_single"
    KEEP_NEGATIVE_PRESSURE = "keep_negative_pressure"
    KEEP_EQUIPMENT = "keep_equipment"
    KEEP_LEVEL = "keep_level"
    KEEP_SPECIALTY = "keep_specialty"
    FEWEST_MOVES = "fewest_moves"
    CLEANING_LEFT = "cleaning_left"
    OTHER_AGE_BESIDE = "other_age_beside"
    CROWDING = "crowding"


#: Never overridden, whatever the rule pack says; the database holds the same list.
ALWAYS_HARD = (Rule.BED_READY, Rule.NEGATIVE_PRESSURE, Rule.EQUIPMENT, Rule.COT)
_LEVELS = tuple(LevelOfCare)
#: Steps until a bed is clean; what is neither free nor being cleaned is not soon to be had.
_CLEANING = {BedState.AVAILABLE: 0, BedState.INSPECT: 1, BedState.CLEANING: 2, BedState.DIRTY: 3}


def _level(place: Place, needs: Needs) -> int:
    """Steps by which the room can do more than is needed; below zero where it can do less."""
    return _LEVELS.index(place.room.level_of_care) - _LEVELS.index(needs.level_of_care)


def _is_newborn(needs: Needs) -> bool:
    return needs.age_band is PatientAge.NEONATE


def _sex_policy(place: Place, needs: Needs) -> bool:
    policy = SexPolicy.ANY if place.is_cot else place.room.sex_policy
    return policy in (SexPolicy.FEMALE, SexPolicy.MALE) and (needs.sex is None or needs.sex != policy.value)


def _first_occupant(place: Place, needs: Needs) -> bool:
    if place.is_cot or place.room.sex_policy is not SexPolicy.FIRST_OCCUPANT:
        return False
    grown_up = [other for other in place.neighbours if other is None or not _is_newborn(other)]
    return any(other is None or other.sex is None or other.sex is not needs.sex for other in grown_up)


def _shares(one: Needs, other: Needs | None) -> bool:
    """Whether both have the same isolation for the same, known organism."""
    return (
        other is not None
        and one.organism is not None
        and (one.isolation, one.organism) == (other.isolation, other.organism)
    )


def _isolation(place: Place, needs: Needs) -> bool:
    """Alone in a single room, or with nobody but the same organism: in a shared room others must be able to follow."""
    if needs.isolation is Isolation.NONE or place.single:
        return False
    cohort = needs.organism is not None or needs.isolation is Isolation.AIRBORNE
    return not cohort or not all(_shares(needs, other) for other in place.neighbours)


def _beside_isolation(place: Place, needs: Needs) -> bool:
    return any(
        other is None or (other.isolation is not Isolation.NONE and not _shares(needs, other))
        for other in place.neighbours
    )


def _age_band(place: Place, needs: Needs) -> bool:
    band = AgeBand.ANY if place.is_cot else place.room.age_band
    return band is not AgeBand.ANY and (needs.age_band is None or needs.age_band != band.value)


def _room_preference(place: Place, needs: Needs) -> bool:
    if needs.room_preference is RoomPreference.SINGLE:
        return not place.single
    return needs.room_preference is RoomPreference.SHARED and place.single


def _keep_single(place: Place, needs: Needs) -> bool:
    wanted = needs.isolation is not Isolation.NONE or needs.room_preference is RoomPreference.SINGLE
    return place.single and not wanted


def _fewest_moves(place: Place, needs: Needs) -> bool:
    decides_sex = place.room.sex_policy is SexPolicy.FIRST_OCCUPANT
    closes_to_others = needs.isolation is not Isolation.NONE
    return not place.single and not place.neighbours and (decides_sex or closes_to_others)


def _other_age_beside(place: Place, needs: Needs) -> int:
    return sum(other is None or other.age_band is not needs.age_band for other in place.neighbours)


class Said(NamedTuple):
    """How far a place is from what the rule says: 0 when it is so. Hard and overridable rules fail from 1 on."""

    sentence: str
    missed: Callable[[Place, Needs], int]


RULES: Mapping[Rule, Said] = {
    Rule.BED_READY: Said("The bed is free and clean.", lambda p, n: p.state is not BedState.AVAILABLE),
    Rule.NEGATIVE_PRESSURE: Said(
        "Airborne isolation has a room with negative pressure.",
        lambda p, n: n.isolation is Isolation.AIRBORNE and not p.room.negative_pressure,
    ),
    Rule.EQUIPMENT: Said(
        "The bed has all the equipment that is needed.", lambda p, n: len(set(n.equipment) - p.equipment)
    ),
    Rule.COT: Said("A cot is for a newborn.", lambda p, n: p.is_cot and not _is_newborn(n)),
    Rule.SEX_POLICY: Said("The room is for patients of this sex.", _sex_policy),
    Rule.FIRST_OCCUPANT: Said("The sex is that of those who are in the room already.", _first_occupant),
    Rule.ISOLATION: Said(
        "A patient in isolation has a single room, or shares it with the same organism.", _isolation
    ),
    Rule.BESIDE_ISOLATION: Said("Nobody is put beside a patient in isolation.", _beside_isolation),
    Rule.AGE_BAND: Said("The room is for patients of this age.", _age_band),
    Rule.LEVEL_OF_CARE: Said(
        "The room has the level of care that is needed.", lambda p, n: max(0, -_level(p, n))
    ),
    Rule.SPECIALTY: Said(
        "The room is of the specialty.",
        lambda p, n: n.specialty is not None and n.specialty != p.room.specialty,
    ),
    Rule.ROOM_PREFERENCE: Said("The room is single or shared as the patient likes it.", _room_preference),
    Rule.KEEP_SINGLE: Said("Single rooms are kept for those who need or want one.", _keep_single),
    Rule.KEEP_NEGATIVE_PRESSURE: Said(
        "Rooms with negative pressure are kept for airborne isolation.",
        lambda p, n: p.room.negative_pressure and n.isolation is not Isolation.AIRBORNE,
    ),
    Rule.KEEP_EQUIPMENT: Said(
        "Equipment is kept for those who need it.", lambda p, n: len(p.equipment - set(n.equipment))
    ),
    Rule.KEEP_LEVEL: Said(
        "Higher levels of care are kept for those who need them.", lambda p, n: max(0, _level(p, n))
    ),
    Rule.KEEP_SPECIALTY: Said(
        "Rooms of a specialty are kept for it.",
        lambda p, n: n.specialty is None and p.room.specialty is not None,
    ),
    Rule.FEWEST_MOVES: Said(
        "An empty room is not closed to others while a begun one is left, so that fewer are moved later.",
        _fewest_moves,
    ),
    Rule.CLEANING_LEFT: Said("No cleaning has to be waited for.", lambda p, n: _CLEANING.get(p.state, 4)),
    Rule.OTHER_AGE_BESIDE: Said("Those in the room are of the same age band.", _other_age_beside),
    Rule.CROWDING: Said("The room is quiet.", lambda p, n: len(p.neighbours)),
}
