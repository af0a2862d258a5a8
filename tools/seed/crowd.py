"""Everybody else in the demo hospital, made up ward by ward: the same people every time."""

import random
from collections.abc import Iterator

from tools.seed.hospital import WARDS, Ward
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
_NEVER_CAME = (_S.CANCELLED, _S.NO_SHOW)


def everybody() -> tuple[Patient, ...]:
    """Those with a name in the tour first, then ward by ward."""
    wards = [ward for ward in WARDS if ward.code not in {patient.ward for patient in NAMED}]
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
    for number, (bed, sex) in enumerate(places[: len(places) - free]):
        yield _person(chance, ward, bed, sex, _PATTERN[number % len(_PATTERN)])
    for _ in range(_WAITING.get(ward.code, 0)):
        yield _person(chance, ward, None, "female", _S.WAITING)
    if free:
        for story, (bed, sex) in zip(_NEVER_CAME, places[-free:], strict=False):
            yield _person(chance, ward, bed, sex, story)


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
    )
