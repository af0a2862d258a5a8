"""Loads the demo hospital. Everything is looked for before it is made, so it can be loaded again at any time.

What is there is never changed: a bed gets its first act only while nobody has touched it, and a patient's story goes
on only from the states in which a load that was interrupted would have left it.
"""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager

from aiohttp import ClientSession, ClientTimeout

from tools.seed.client import Client
from tools.seed.crowd import everybody
from tools.seed.hospital import BED_MANAGER, CHARGE_NURSE, HOUSEKEEPING, PEOPLE, PHYSICIAN, Size, wards_of
from tools.seed.places import Places
from tools.seed.report import Report, together
from tools.seed.stories import Stories

Step = Callable[[str], AbstractContextManager[Callable[[str], None]]]
"""Around each step, by its name; what it gives is told how far the step is."""


@contextmanager
def in_silence(_: str) -> Iterator[Callable[[str], None]]:
    """A step of which nobody is told."""
    yield lambda _: None


async def load(
    url: str, admin_password: str, demo_password: str, step: Step, size: Size = Size.FULL
) -> Report:
    """Load what is missing. Raises Refused when the admin or a demo user whom it needs cannot sign in."""
    async with ClientSession(url, timeout=ClientTimeout(total=30)) as http:
        anybody = Client(http, {})
        admin = await anybody.sign_in("admin", admin_password)
        places = Places(Report(), anybody, admin, demo_password)
        with step("demo people"):  # those who work in all departments: an admin may not read wards
            await places.welcome(person for person in PEOPLE if not person.wards)
        bed_manager = await anybody.sign_in(BED_MANAGER, demo_password)
        with step("demo wards"):
            await places.open_wards(bed_manager, wards_of(size))
            await places.welcome(person for person in PEOPLE if person.wards)
        with step("demo beds"):
            await places.ready_beds(bed_manager)
        with step("demo patients") as tell:
            physician = await anybody.sign_in(PHYSICIAN, demo_password)
            housekeeping = await anybody.sign_in(HOUSEKEEPING, demo_password)
            charge_nurse = await anybody.sign_in(CHARGE_NURSE, demo_password)
            stories = Stories(places, bed_manager, physician, charge_nurse, housekeeping, admin)
            await stories.tell(everybody(size), tell)
        users = (admin, bed_manager, physician, charge_nurse, housekeeping)
        await together(one.sign_out() for one in users)
        return places.report
