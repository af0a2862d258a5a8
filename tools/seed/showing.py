"""What people are told of the demo hospital."""

from rich.table import Table

from tools.seed.hospital import PEOPLE
from tools.seed.report import Report


def summary(report: Report) -> str:
    """One sentence, and a line for each act that was refused."""
    made = ", ".join(f"{number} {kind}" for kind, number in report.made.items())
    first = (
        f"Made for the demo: {made}." if made else "The demo hospital was there already; nothing was changed."
    )
    return "\n".join([first, *(f"Left as it is: {refusal}" for refusal in report.refused)])


def sign_ins() -> Table:
    """The demo users: name, role and where it counts."""
    table = Table(box=None, padding=(0, 3, 0, 2), header_style="dim")
    for heading in ("username", "role", "departments"):
        table.add_column(heading)
    for person in PEOPLE:
        table.add_row(person.username, person.role, ", ".join(person.wards) or "all")
    return table
