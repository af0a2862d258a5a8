"""`wardline day`: a plausible day in the hospital, faster than it would be."""

import asyncio
import os
from typing import Annotated

import typer
from aiohttp import ClientError
from rich.live import Live
from rich.text import Text

from tools.day.hospital import Hospital, Tally
from tools.day.playing import play
from tools.saying import address, console, fail
from tools.seed.client import Refused
from tools.stack.noted import noted_secret

_VARIABLE = "WARDLINE_DEMO_PASSWORD"


def day(
    speed: Annotated[float, typer.Option(min=1, help="Hospital seconds in one of ours.")] = 200,
    hours: Annotated[float, typer.Option(min=0.1, max=168, help="How much of a day, from midnight.")] = 24,
    seed: Annotated[int, typer.Option(help="The same seed plans the same day.")] = 1,
) -> None:
    """Play a day in the demo hospital: admissions, arrivals, moves, discharges, cleaning. Stops by itself.

    Ends with 0, or with 1 when something was answered that does not belong to a day.
    Reads GATEWAY_URL and WARDLINE_DEMO_PASSWORD, or finds the stack that runs here.
    """
    url, password = address("GATEWAY_URL"), _password()
    with Live(console=console, refresh_per_second=4, transient=True) as live:

        def show(now: float, hospital: Hospital) -> None:
            live.update(Text(line(now, hospital)))

        try:
            tally = asyncio.run(play(url, password, speed=speed, hours=hours, seed=seed, show=show))
        except (Refused, ClientError, TimeoutError) as failure:
            fail(f"The day could not be played to its end: {failure}")
    console.print(summary(tally), highlight=False, soft_wrap=True)
    raise typer.Exit(1 if tally.unexpected else 0)


def line(now: float, hospital: Hospital) -> str:
    """Where the day is."""
    tally, minutes = hospital.tally, int(now // 60)
    return (
        f"day {minutes // 1440 + 1}, {minutes // 60 % 24:02}:{minutes % 60:02}   "
        f"{tally.in_beds} of {hospital.beds} beds occupied, {tally.waiting} on the way or waiting   "
        f"{tally.done.total()} acts, {tally.refused.total()} refused"
    )


def summary(tally: Tally) -> str:
    """A sentence of what was done, one of what was refused, and each answer that should not have been."""
    told = {"Done": tally.done, "Refused, as happens": tally.refused}
    lines = [
        f"{what}: {', '.join(f'{name} {number}' for name, number in counted.most_common())}."
        for what, counted in told.items()
        if counted
    ]
    return "\n".join([*lines, *(f"Unexpected: {refusal}" for refusal in tally.unexpected)])


def _password() -> str:
    return (
        os.environ.get(_VARIABLE)
        or noted_secret("demo-password")
        or fail(f"Set {_VARIABLE}, or start a stack with make run.", code=2)
    )
