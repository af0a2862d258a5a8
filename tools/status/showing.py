"""How the parts are, as a table for people and as JSON for programs."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.table import Table
from rich.text import Text

from tools.status.parts import Part, State, overall

_COLOURS = {State.OK: "green", State.DEGRADED: "yellow", State.DOWN: "red"}
_UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))


def table(parts: Sequence[Part]) -> Table:
    """A row per part; what a part does not have or cannot say is left empty."""
    shown = Table(box=None, pad_edge=False, header_style="dim")
    for title in ("part", "state", "up for", "version", "outbox", "lag", "dead letters", "relay", "look at"):
        numbers = title in ("outbox", "lag", "dead letters")
        shown.add_column(
            title,
            justify="right" if numbers else "left",
            no_wrap=title not in ("dead letters", "look at"),
            overflow="fold",
        )
    for part in parts:
        shown.add_row(
            part.name,
            Text(part.state.word, style=_COLOURS[part.state]),
            _span(part.age_s),
            part.version or "",
            _outbox(part),
            _number(part.lag),
            _number(part.dead_letters),
            {True: "active", False: "standby", None: ""}[part.relay_active],
            "; ".join(part.remarks),
        )
    return shown


def document(parts: Sequence[Part]) -> dict[str, Any]:
    """The same with the details of each."""
    return {
        "state": overall(parts).word,
        "parts": [asdict(part) | {"state": part.state.word} for part in parts],
    }


def _outbox(part: Part) -> str:
    if part.outbox is None:
        return ""
    return f"{part.outbox.waiting}, {_span(part.outbox.age_s)}" if part.outbox.waiting else "0"


def _number(number: int | None) -> str:
    return "" if number is None else str(number)


def _span(seconds: float | None) -> str:
    """In the largest unit of which there is at least one."""
    if seconds is None:
        return ""
    size, unit = next((pair for pair in _UNITS if seconds >= pair[0]), _UNITS[-1])
    return f"{seconds / size:.0f} {unit}"
