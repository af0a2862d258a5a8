"""The command line: `wardline`."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Annotated

import typer
from pydantic import ValidationError

from tools.day.commands import day
from tools.dead_letters.commands import app as dead_letters
from tools.importing.commands import import_places
from tools.keys.commands import app as keys
from tools.saying import address, console, fail, required
from tools.seed.hospital import Size
from tools.stack.refusals import CannotRun

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,  # they print local variables, and some are secrets
    help="Wardline: hospital operations.",
)
admin = typer.Typer(no_args_is_help=True, help="Administrators.")
app.add_typer(admin, name="admin")
app.add_typer(keys, name="keys")
app.add_typer(dead_letters, name="dead-letters")
app.command()(day)
app.command("import")(import_places)


@app.command()
def run(
    port: Annotated[
        int, typer.Option(envvar="WARDLINE_PORT", help="Where people and programs enter.")
    ] = 8080,
    demo: Annotated[
        Size, typer.Option(help="The demo hospital: twelve wards, or the four of the tour.")
    ] = Size.FULL,
) -> None:
    """Run the whole hospital on this machine until Ctrl-C: databases, Kafka, services, gateway, demo data."""
    with _in_a_sentence():
        from tools.stack.run import run as run_stack

        run_stack(port, console, demo)


@app.command()
def clean() -> None:
    """Remove the data of `wardline run`, unless it is running."""
    with _in_a_sentence():
        from tools.stack.run import clean as clean_stack

        clean_stack()


@app.command()
def migrate() -> None:
    """Create what is missing of roles, databases and tables. A job that runs before the services start.

    Reads POSTGRES_ADMIN_URL (a superuser's) and the <NAME>_DATABASE_URL of every service.
    """
    from tools.stack.prepare import prepare_databases
    from tools.stack.programs import PROGRAMS

    urls = {name: required(name) for program in PROGRAMS for name in program.logins}
    with _in_a_sentence():
        prepare_databases(required("POSTGRES_ADMIN_URL"), urls)


@app.command()
def secrets(
    file: Annotated[Path, typer.Argument(help="Where to write them; it must not exist yet.")] = Path(".env"),
) -> None:
    """Make the passwords and keys of an installation in containers. Keep the file: without it data is lost."""
    from tools.deployment import write_secrets

    try:
        write_secrets(file)
    except FileExistsError:
        fail(f"{file} is there already. Its keys open the data of that installation: keep it.")
    console.print(
        f"Wrote {file}. Keep a copy in a safe place: without its keys the data cannot be read.",
        soft_wrap=True,
    )


@app.command()
def events(
    last: Annotated[int, typer.Option(min=0, help="Show this many that there were, and end.")] = 0,
) -> None:
    """Follow what the hospital publishes to Kafka: a line per event, until Ctrl-C.

    Reads KAFKA_BOOTSTRAP_SERVERS, or finds the stack that runs here.
    """
    from tools.events import follow, latest

    async def show() -> None:
        if last:
            for line in await latest(bootstrap, last):
                console.out(line)
        else:
            async for line in follow(bootstrap):
                console.out(line)

    bootstrap = address("KAFKA_BOOTSTRAP_SERVERS")
    with suppress(KeyboardInterrupt):
        asyncio.run(show())


@app.command()
def status(
    process: Annotated[
        list[str] | None,
        typer.Option(
            metavar="NAME=URL", help="A replica, such as beds=http://10.0.0.7:8081. Can be repeated."
        ),
    ] = None,
    stack: Annotated[
        Path | None, typer.Option(help="The folder of a stack on this machine; else that of make run.")
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="For programs, with all details.")] = False,
) -> None:
    """Show how every part is. Ends with 0 when all is well, 1 degraded, 2 something is down, 3 nothing is known.

    Reads <NAME>_URL, <NAME>_DATABASE_URL and KAFKA_BOOTSTRAP_SERVERS, or finds the stack that runs here.
    """
    from tools.stack.noted import FOLDER
    from tools.status.addresses import find

    try:
        addresses = find(stack or FOLDER, process or ())
    except ValueError as wrong:
        fail(str(wrong), code=3)
    if not addresses.processes:
        fail(
            "No stack runs in this folder. Start one with make run, or say where they are: --process NAME=URL.",
            code=3,
        )
    from tools.status import asking, parts, showing

    found = asyncio.run(asking.ask(addresses))
    if as_json:
        console.print_json(data=showing.document(found))
    else:
        console.print(showing.table(found))
    raise typer.Exit(parts.overall(found))


@admin.command("create")
def create_admin(
    username: Annotated[str, typer.Option(help="How the administrator signs in.")],
    password_file: Annotated[
        Path | None,
        typer.Option(exists=True, dir_okay=False, help="Read the password from here; else it is asked."),
    ] = None,
) -> None:
    """Create an administrator, in the database of GATEWAY_DATABASE_URL or of the stack that runs here."""
    from gateway.identity.first_admin import create_admin as create

    url = address("GATEWAY_DATABASE_URL")
    if password_file:
        password = password_file.read_text().strip()
    else:
        password = typer.prompt("Password", hide_input=True, confirmation_prompt=True)
    try:
        created = asyncio.run(create(url, username, password))
    except ValidationError as wrong:  # its own text would show the password
        fail("; ".join(f"{error['loc'][-1]}: {error['msg']}" for error in wrong.errors(include_input=False)))
    if not created:
        fail(f"There is a user {username} already.")
    console.print(f"{username} can sign in.")


@contextmanager
def _in_a_sentence() -> Iterator[None]:
    """What stands in the way of a stack is told in one sentence."""
    try:
        yield
    except ModuleNotFoundError as missing:
        fail(f"The Python package {missing.name} is missing; make install brings it.", code=2)
    except CannotRun as reason:
        fail(str(reason))
