"""Everybody else in the demo hospital, made up ward by ward: the same people every time."""

import random
from collections.abc import Iterator
from dataclasses import replace

from tools.seed.hospital import Size, Ward, cot_beside, wards_of
from tools.seed.patients import NAMED, Patient, Story

_SURNAMES = (
    *(
        "Achterberg",
        "Bianchi",
        "Coelho",
        "Dlamini",
        "Eriksen",
        "Fontaine",
        "Gutierrez",
        "Horvat",
        "Iyer",
        "Jansen",
    ),
    *(
        "Kamau",
        "Larsson",
        "Mensah",
        "Novak",
        "Okafor",
        "Pereira",
        "Qureshi",
        "Rossi",
        "Schneider",
        "Takahashi",
    ),
    *("Ueda", "Vargas", "Wojcik", "Xu", "Yilmaz", "Zhang"),
)
_GIVEN = {
    "female": (
        "Amina",
        "Beatriz",
        "Chloe",
        "Diya",
        "Esther",
        "Fatou",
        "Giulia",
        "Hana",
        "Ingrid",
        "Jelena",
        "Kira",
    ),
    "male": ("Adrian", "Bilal", "Cem", "Daniel", "Emeka", "Felix", "Goran", "Hiro", "Ivan", "Jonas", "Kofi"),
}
_BORN = {"PED": (2012, 2023), "NICU": (2026, 2026), "MAT": (1985, 2005)}
_GROWN_UP = (1935, 2001)
_S = Story

#: What becomes of the patients of a ward, bed by bed and round again; the rest of its beds stay free.
_PATTERN = (*[_S.IN_BED] * 7, _S.LEFT, *[_S.IN_BED] * 7, _S.HELD, *[_S.IN_BED] * 7, _S.LEFT_CLEANING)
_FREE_BEDS = {"6N": 0, "NICU": 0, "8N": 0}
_FREE_ELSEWHERE = 3
_WAITING = {"6N": 4, "NICU": 2, "8N": 3}
#: Those of whom something special is told, by ward and number of the bed in it.
_SPECIAL = {
    ("PED", 0): _S.LATE,
    ("PED", 1): _S.LATE,
    ("PED", 2): _S.LATE,
    ("7E", 0): _S.ARRIVAL_REVERSED,
    ("7W", 0): _S.MOVE_REVERSED,
    ("6S", 0): _S.TRANSFERRED,
    ("8N", 0): _S.TRANSFER_ASKED,
    ("MAT", 0): _S.DEPARTURE_REVERSED,
    ("PED", 4): _S.IN_ERROR,
}
_TO = {_S.MOVE_REVERSED: ("7W", "748B"), _S.TRANSFERRED: ("7E", "716B"), _S.TRANSFER_ASKED: ("7E", "716A")}
#: Those whose beds stay free: who never came, and who is to come.
_NOT_HERE = (_S.CANCELLED, _S.NO_SHOW)
_PLANNED = ("6S", "PED")
_WITH_NEWBORN = (("MAT", "302A"), ("MAT", "303B"))
#: The ward in which somebody was registered twice.
_TWICE = "MAT"


def everybody(size: Size) -> tuple[Patient, ...]:
    """Those with a name in the tour first, then ward by ward."""
    wards = [ward for ward in wards_of(size) if ward.code not in {patient.ward for patient in NAMED}]
    return (*NAMED, *(patient for ward in wards for patient in _of(ward)))


def _of(ward: Ward) -> Iterator[Patient]:
    """Two beds of one room have patients of one sex."""
    chance = random.Random(ward.code)
    free = _FREE_BEDS.get(ward.code, _FREE_ELSEWHERE)
    places = [
        (bed, "female" if ward.code == "MAT" or number % 2 else "male")
        for number, room in enumerate(ward.rooms)
        for bed in room.beds
    ]
    here = [
        _person(chance, ward, bed, sex, _SPECIAL.get((ward.code, number), _PATTERN[number % len(_PATTERN)]))
        for number, (bed, sex) in enumerate(places[: len(places) - free])
    ]
    yield from here
    for _ in range(_WAITING.get(ward.code, 0)):
        yield _person(chance, ward, None, "female", _S.WAITING)
    if free:
        stories = (*_NOT_HERE, _S.PLANNED) if ward.code in _PLANNED else _NOT_HERE
        for story, (bed, sex) in zip(stories, places[-free:], strict=False):
            yield _person(chance, ward, bed, sex, story)

    yield from (_newborn_of(mother) for mother in here if (ward.code, mother.bed) in _WITH_NEWBORN)
    if ward.code == _TWICE:
        yield replace(here[1], mrn="MRN-190001", bed=places[-1][0], story=_S.DUPLICATE, same_as=here[1].mrn)


def _newborn_of(mother: Patient) -> Patient:
    """In the cot beside her bed."""
    assert mother.bed is not None
    assert mother.name is not None
    return Patient(
        mrn=f"{mother.mrn}-1",
        name=f"{mother.name.partition(',')[0]}, Newborn",
        date_of_birth="2026-10-28",
        sex="female",
        ward=mother.ward,
        bed=cot_beside(mother.bed),
        story=_S.IN_BED,
        mother=mother.mrn,
    )


def _person(chance: random.Random, ward: Ward, bed: str | None, sex: str, story: Story) -> Patient:
    first, last = _BORN.get(ward.code, _GROWN_UP)
    return Patient(
        mrn=f"MRN-{chance.randrange(200_000, 1_000_000)}",
        name=f"{chance.choice(_SURNAMES)}, {chance.choice(_GIVEN[sex])}",
        date_of_birth=f"{chance.randint(first, last)}-{chance.randint(1, 10):02}-{chance.randint(1, 28):02}",
        sex=sex,
        ward=ward.code,
        bed=bed,
        story=story,
        priority=chance.choices(("emergency", "urgent", "elective"), (1, 5, 4))[0],
        privacy=chance.random() < 0.04,
        to=_TO.get(story),
    )
