"""The preview and the outcome, for people and for programs."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from tools.importing.columns import Kind
from tools.importing.findings import Finding
from tools.importing.plan import Plan


def preview(plan: Plan) -> str:
    """A line for each remark and each error, and what would be made."""
    lines = [f"  {remark}" for remark in plan.remarks]
    if lines:
        lines.insert(0, "What is there is kept:")
    if plan.errors:
        return "\n".join([*lines, errors(plan.errors)])
    if kept := _counted({kind: len(keys) for kind, keys in plan.kept.items()}):
        lines.append(f"There already: {kept}.")
    made = _counted({kind: len(things) for kind, things in plan.made.items()})
    return "\n".join([*lines, f"To be made: {made or 'nothing'}."])


def errors(found: Sequence[Finding]) -> str:
    return "\n".join(
        [
            f"{len(found)} {'error' if len(found) == 1 else 'errors'}; nothing is written:",
            *(f"  {error}" for error in found),
        ]
    )


def outcome(written: Counter[Kind], found: Counter[Kind]) -> str:
    """What was made, and what somebody else made in the meantime."""
    lines = [f"Made: {_counted(written) or 'nothing'}."]
    if found.total():
        lines.append(f"Made by somebody else in the meantime, and kept: {_counted(found)}.")
    return "\n".join(lines)


def document(plan: Plan, written: Mapping[Kind, int] | None) -> dict[str, object]:
    """`written` is null where nothing was to be written: a preview, or errors."""
    return {
        "errors": [error.document() for error in plan.errors],
        "remarks": [remark.document() for remark in plan.remarks],
        "to_make": {f"{kind}s": list(map("/".join, things)) for kind, things in plan.made.items()},
        "kept": {f"{kind}s": list(map("/".join, keys)) for kind, keys in plan.kept.items()},
        "written": None if written is None else {f"{kind}s": written.get(kind, 0) for kind in Kind},
    }


def _counted(numbers: Mapping[Kind, int]) -> str:
    return ", ".join(f"{number} {kind}{'s' * (number != 1)}" for kind, number in numbers.items() if number)


@contextmanager
def progress(console: Console, total: int, *, silent: bool) -> Iterator[Callable[[], None]]:
    """A line on a terminal, nothing elsewhere. What it gives is called for each that is made."""
    columns = TextColumn("{task.description}"), MofNCompleteColumn(), TimeElapsedColumn()
    with Progress(
        *columns, console=console, transient=True, disable=silent or not console.is_terminal
    ) as shown:
        task = shown.add_task("writing", total=total)
        yield lambda: shown.advance(task)
