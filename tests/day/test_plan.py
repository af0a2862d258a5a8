"""A planned day is plausible, and the same for the same seed."""

import random
from collections import Counter

from tools.day.commands import summary
from tools.day.hospital import Tally
from tools.day.plan import ARRIVALS, HOUR, Coming, Fate, coming


def a_day(seed: int, *, beds: int = 300, hours: float = 24) -> list[Coming]:
    return list(coming(random.Random(seed), wards=12, beds=beds, hours=hours))


def test_the_same_seed_plans_the_same_day():
    assert a_day(7) == a_day(7) != a_day(8)


def test_as_many_come_as_the_hours_say():
    many = [patient for seed in range(20) for patient in a_day(seed)]
    expected = sum(ARRIVALS) * 3 * 20
    assert abs(len(many) - expected) < 0.1 * expected
    by_hour = Counter(int(patient.at / HOUR) for patient in many)
    assert by_hour[10] > 5 * by_hour[3]


def test_they_come_in_order_and_not_after_the_last_hour():
    times = [patient.at for patient in a_day(1, hours=2.5)]
    assert times
    assert times == sorted(times)
    assert times[-1] < 2.5 * HOUR


def test_most_stay_and_some_never_come():
    fates = Counter(patient.fate for seed in range(10) for patient in a_day(seed))
    assert fates[Fate.STAYS] > 8 * (fates[Fate.CANCELLED] + fates[Fate.NO_SHOW]) > 0


def test_what_should_not_have_been_is_told():
    tally = Tally(Counter(arrive=2), Counter(bed_taken=1), ["POST /v1/x: 500 internal. Sorry."])
    assert summary(tally).splitlines() == [
        "Done: arrive 2.",
        "Refused, as happens: bed_taken 1.",
        "Unexpected: POST /v1/x: 500 internal. Sorry.",
    ]
