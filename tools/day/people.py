"""Who comes to the hospital on a played day: nobody real. Record numbers carry the run, so that days do not collide."""

import random
from typing import NamedTuple

_SURNAMES = (
    "Aldous",
    "Barros",
    "Cheng",
    "Dvorak",
    "Ekman",
    "Fofana",
    "Gruber",
    "Hossain",
    "Ibarra",
    "Jovanov",
)
_GIVEN = ("Ada", "Bo", "Carmen", "Dele", "Emi", "Farid", "Greta", "Hugo", "Ines", "Jun", "Kaya", "Luis")


class Invented(NamedTuple):
    mrn: str
    name: str
    date_of_birth: str
    sex: str


def invented(chance: random.Random, run: str, number: int) -> Invented:
    return Invented(
        mrn=f"DAY-{run}-{number}",
        name=f"{chance.choice(_SURNAMES)}, {chance.choice(_GIVEN)}",
        date_of_birth=f"{chance.randrange(1930, 2006)}-{chance.randrange(1, 13):02}-{chance.randrange(1, 29):02}",
        sex=chance.choice(("female", "male")),
    )
