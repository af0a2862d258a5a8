"""`wardline import FILE...`."""

from pathlib import Path
from typing import Annotated

import typer


def import_places(
    files: Annotated[
        list[Path],
        typer.Argument(metavar="FILE...", exists=True, dir_okay=False, help="CSV with a row for each bed."),
    ],
    yes: Annotated[
        bool, typer.Option("--yes", help="Write without asking, unless there are errors.")
    ] = False,
    as_json: Annotated[
        bool, typer.Option("--json", help="For programs. Without --yes it is the preview alone.")
    ] = False,
) -> None:
    """Make the departments, rooms and beds of CSV files. First shows every error, what is there and what would be made.

    What is there is kept as it is, so that it can be run again. The format is in docs/operations.md.

    Ends with 0, 1 when there are errors or not all was written, 2 when the hospital could not be asked what it has.

    Reads GATEWAY_URL, WARDLINE_ADMIN_USERNAME and _PASSWORD, and, since an admin may not read wards,
    WARDLINE_READER_USERNAME and _PASSWORD of somebody who may; or finds the stack that runs here. Else it asks.
    """
    from tools.importing.run import run

    raise typer.Exit(run(files, yes=yes, as_json=as_json))
