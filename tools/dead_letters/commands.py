"""`wardline dead-letters list | show | replay | drop`."""

import asyncio
import os
from collections.abc import Callable, Coroutine, Sequence
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING, Annotated, Any, NoReturn, TypeVar

import typer
from rich.console import Console

from tools.saying import address as address_of, fail

if TYPE_CHECKING:
    from common.crypto import MasterKeys
    from tools.dead_letters.letters import Address, Letter, Letters

T = TypeVar("T")
app = typer.Typer(
    no_args_is_help=True,
    help="Records from Kafka that a service could never apply. Each is kept for 90 days, encrypted.\n\n"
    "Reads <NAME>_DATABASE_URL (and <NAME>_MASTER_KEYSET for show), or finds the stack that runs here.",
)
_console = Console()
_errors = Console(stderr=True)


class Service(StrEnum):
    """Those that consume what others publish."""

    BEDS = "beds"
    ADMISSIONS = "admissions"
    GATEWAY = "gateway"


class Only(StrEnum):
    OPEN = "open"
    REPLAY_WANTED = "replay_wanted"
    APPLIED = "applied"
    DROPPED = "dropped"
    ALL = "all"


_Json = Annotated[bool, typer.Option("--json", help="For programs.")]
_Which = Annotated[
    list[str] | None, typer.Argument(metavar="[TOPIC/PARTITION/OFFSET]...", help="As list prints them.")
]
_Whose = Annotated[Service, typer.Option("--service", help="In whose database it lies.")]


@app.command("list")
def list_letters(
    service: Annotated[Service | None, typer.Option(help="Only of this one.")] = None,
    state: Annotated[Only, typer.Option(help="Only those.")] = Only.OPEN,
    as_json: _Json = False,
) -> None:
    """Show what there is and why, the oldest first. Shows nothing of what the records say."""
    found: list[Letter] = []
    for each in [service] if service else Service:
        found += _ask(each, lambda letters: letters.all())
    found = [letter for letter in found if state in {Only.ALL, letter.state.value}]
    if as_json:
        _print_json([letter.document() for letter in found])
    else:
        from tools.dead_letters.showing import table

        _console.print(table(found) if found else f"No dead letters ({state.value}).", soft_wrap=True)


@app.command()
def show(
    which: Annotated[str, typer.Argument(metavar="TOPIC/PARTITION/OFFSET", help="As list prints it.")],
    service: _Whose,
    record: Annotated[
        bool, typer.Option("--record", help="Decrypt the record itself. It may identify people.")
    ] = False,
    as_json: _Json = False,
) -> None:
    """Show one letter; its record only when it is asked for."""
    address = _parsed(which)
    keys = _keys(service) if record else None

    async def look(letters: "Letters") -> dict[str, Any]:
        from common.crypto import Unreadable

        letter = await letters.find(address)
        if letter is None:
            fail(f"{service} has no dead letter {address}. See wardline dead-letters list --state all.")
        document = letter.document()
        if keys is not None:
            try:
                document["record"] = await letters.record(address, keys)
            except Unreadable:
                fail(
                    "The master key that this letter was kept under is not in the keyset: it cannot be read."
                )
        return document

    found = _ask(service, look)
    if record:
        _warn("What follows may identify people: do not store it, send it or paste it anywhere.")
        if found["record"] is None:
            _warn("The record could not be read from Kafka: there is nothing but its place.")
    if as_json:
        _print_json(found)
    else:
        for name, value in found.items():
            _console.print(f"{name:>10}  {value}", highlight=False, markup=False, soft_wrap=True)


@app.command()
def replay(
    service: _Whose,
    which: _Which = None,
    every: Annotated[bool, typer.Option("--all", help="All that are open.")] = False,
    wait: Annotated[float, typer.Option(min=0, help="How many seconds to wait for the outcome.")] = 30,
    as_json: _Json = False,
) -> None:
    """Have the service apply records again, each at most once. It does so itself, within seconds, while it runs.

    Ends with 0 when all were applied, 1 when one was refused again, 3 when the outcome is not known yet.
    """
    from common.dead_letters import LetterState
    from tools.dead_letters.showing import progress

    if bool(which) == every:
        fail("Name letters, or say --all.", code=2)

    async def apply_again(letters: "Letters") -> "tuple[list[Letter], Sequence[Address]]":
        asked = await _open(letters) if every else [_parsed(text) for text in which or ()]
        for address in asked:
            if not await letters.want_replay(address):
                await _fail_undecided(letters, address)
        settled: list[Letter] = []
        with progress(_errors, len(asked), service) as advance, suppress(TimeoutError):
            async with asyncio.timeout(wait):
                async for letter in letters.settled(asked):
                    settled.append(letter)
                    advance()
        known = {letter.address for letter in settled}
        return settled, [address for address in asked if address not in known]

    settled, unknown = _ask(service, apply_again)
    refused = [letter for letter in settled if letter.state is LetterState.OPEN]
    if as_json:
        _print_json(
            {"settled": [letter.document() for letter in settled], "waiting": [str(each) for each in unknown]}
        )
    else:
        for letter in settled:
            end = "applied" if letter not in refused else f"refused again: {letter.reason}"
            _console.print(f"{letter.address}  {end}", highlight=False, markup=False, soft_wrap=True)
        for address in unknown:
            said = f"waiting: {service} applies it as soon as it runs"
            _console.print(f"{address}  {said}", highlight=False, markup=False, soft_wrap=True)
    raise typer.Exit(3 if unknown else 1 if refused else 0)


@app.command()
def drop(
    service: _Whose,
    reason_code: Annotated[
        str, typer.Option(help="Why, in one word such as resent or test_data; no free text.")
    ],
    which: _Which = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
    as_json: _Json = False,
) -> None:
    """Note that letters are of no use. They are kept until their 90 days are over, and can still be replayed."""
    if not reason_code.replace("_", "").isalnum() or not reason_code.islower():
        fail("A reason code is one word of small letters, digits and underscores.", code=2)
    if not which:
        fail("Name the letters; wardline dead-letters list shows them.", code=2)
    addresses = [_parsed(text) for text in which]
    if not yes and not typer.confirm(f"Drop {len(addresses)} of {service}?"):
        fail("Nothing was dropped.")

    async def drop_each(letters: "Letters") -> "list[Letter]":
        for address in addresses:
            if not await letters.drop(address, reason_code):
                await _fail_undecided(letters, address)
        return [letter for letter in await letters.all() if letter.address in addresses]

    dropped = _ask(service, drop_each)
    if as_json:
        _print_json([letter.document() for letter in dropped])
    else:
        _console.print(f"Dropped: {', '.join(str(each) for each in addresses)}", soft_wrap=True)


async def _open(letters: "Letters") -> "list[Address]":
    return [letter.address for letter in await letters.all() if letter.state.value == Only.OPEN]


async def _fail_undecided(letters: "Letters", address: "Address") -> NoReturn:
    letter = await letters.find(address)
    if letter is None:
        fail(f"{letters.service} has no dead letter {address}. See wardline dead-letters list --state all.")
    fail(f"{address} is {letter.state.value.replace('_', ' ')}: this cannot be decided about it now.")


def _ask(service: Service, question: "Callable[[Letters], Coroutine[Any, Any, T]]") -> T:
    import asyncpg

    from tools.dead_letters.letters import letters_of

    variable = f"{service.value.upper()}_DATABASE_URL"
    url = address_of(variable)

    async def ask() -> T:
        async with letters_of(service.value, url) as letters:
            return await question(letters)

    try:
        return asyncio.run(ask())
    except (
        OSError,
        TimeoutError,
        asyncpg.PostgresConnectionError,
        asyncpg.InvalidAuthorizationSpecificationError,
    ):
        fail(f"The database of {service} does not answer: see {variable}.", code=2)


def _keys(service: Service) -> "MasterKeys":
    from common.crypto import MasterKeys
    from tools.stack.noted import FOLDER

    variable = f"{service.value.upper()}_MASTER_KEYSET"
    kept = FOLDER / "secrets" / f"{service.value}-keyset.json"
    keyset = os.environ.get(variable) or (kept.read_text() if kept.exists() else None)
    return MasterKeys(keyset or fail(f"Set {variable}, or start a stack with make run.", code=2))


def _parsed(text: str) -> "Address":
    from tools.dead_letters.letters import Address

    try:
        return Address.parse(text)
    except ValueError:
        fail(f"{text} is not TOPIC/PARTITION/OFFSET, as wardline dead-letters list prints it.", code=2)


def _warn(sentence: str) -> None:
    _errors.print(sentence, style="yellow", highlight=False, markup=False, soft_wrap=True)


def _print_json(document: Any) -> None:
    import orjson

    _console.out(
        orjson.dumps(document, option=orjson.OPT_UTC_Z | orjson.OPT_INDENT_2).decode(), highlight=False
    )
