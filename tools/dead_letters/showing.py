"""Dead letters for people: a table, and how far a replay is."""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from tools.dead_letters.letters import Letter


def table(letters: Sequence[Letter]) -> Table:
    shown = Table("service")
    shown.add_column("topic/partition/offset", overflow="fold")
    for heading in ("since", "state", "reason"):
        shown.add_column(heading)
    for letter in letters:
        since = letter.buried_at.strftime("%Y-%m-%d %H:%M:%S")
        state = letter.state.value.replace("_", " ") + (
            f" ({letter.reason_code})" if letter.reason_code else ""
        )
        shown.add_row(letter.service, str(letter.address), since, state, letter.reason)
    return shown


@contextmanager
def progress(console: Console, total: int, service: str) -> Iterator[Callable[[], None]]:
    """A line on a terminal, nothing elsewhere. What it gives is called for each that is done."""
    columns = TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True, disable=not console.is_terminal) as shown:
        task = shown.add_task(f"{service} applies", total=total)
        yield lambda: shown.advance(task)
