"""One import: read, look, preview, ask, write."""

import asyncio
import sys
from collections.abc import Iterable
from pathlib import Path

import typer
from aiohttp import ClientError

from tools.importing import showing
from tools.importing.columns import Kind
from tools.importing.hospital import Hospital, Login, entered
from tools.importing.plan import Plan, plan
from tools.importing.reading import read
from tools.importing.signing_in import logins
from tools.importing.wanted import Wanted, understand
from tools.saying import address, console, fail, warn
from tools.seed.client import Refused

_FORBIDDEN = 403


def run(files: Iterable[Path], *, yes: bool, as_json: bool) -> int:
    """The exit code, see `wardline import --help`."""
    wanted = understand(read(str(file), file.read_bytes()) for file in files)
    try:
        url, (admin, reader) = address("GATEWAY_URL"), logins()
        done = asyncio.run(_import(wanted, url, admin, reader, yes=yes, as_json=as_json))
    except (typer.Exit, Refused, ClientError, TimeoutError) as failure:
        if wanted.errors and not as_json:
            _say(showing.errors(wanted.errors))
        if isinstance(failure, typer.Exit):
            raise
        fail(f"The hospital could not be asked what it has: {failure}", code=2)
    return 0 if done else 1


async def _import(
    wanted: Wanted, url: str, admin: Login, reader: Login | None, *, yes: bool, as_json: bool
) -> bool:
    """Whether all that the files want is there now, or could be. Raises what stands in the way of the preview."""
    async with entered(url, admin, reader) as hospital:
        drawn = await _draw(hospital, wanted)
        if not as_json:
            _say(showing.preview(drawn))
        well, writes = not drawn.errors, False
        if well and (yes or not as_json):
            writes = yes or _agreed(drawn)
            well = writes and await _write(hospital, drawn, silent=as_json)
        if as_json:
            console.print_json(data=showing.document(drawn, hospital.written if writes else None))
        return well


async def _draw(hospital: Hospital, wanted: Wanted) -> Plan:
    try:
        return plan(wanted, await hospital.look(code for (code,) in wanted.things[Kind.DEPARTMENT]))
    except Refused as refusal:
        if refusal.status != _FORBIDDEN:
            raise
        fail(
            "Whoever looks what is there may not read wards; an admin may not. Set WARDLINE_READER_USERNAME and "
            "WARDLINE_READER_PASSWORD of somebody who may, such as a bed manager.",
            code=2,
        )


def _agreed(drawn: Plan) -> bool:
    if not drawn.size():
        return True
    if not sys.stdin.isatty():
        fail("Nothing is written: say --yes where nobody can be asked.")
    return typer.confirm("Write this?")


async def _write(hospital: Hospital, drawn: Plan, *, silent: bool) -> bool:
    """Whether all was written."""
    failure: Exception | None = None
    try:
        with showing.progress(console, drawn.size(), silent=silent) as advance:
            await hospital.write(drawn, advance)
    except (Refused, ClientError, TimeoutError) as why:
        failure = why
    if drawn.size() and not silent:
        _say(showing.outcome(hospital.written, hospital.found))
    if failure:
        warn(f"Not all was written: {failure} Import again for the rest; what is there is kept.")
    return failure is None


def _say(text: str) -> None:
    console.print(text, highlight=False, markup=False, soft_wrap=True)
