"""From the bytes of a file to its rows. What is wrong is noted, and the reading goes on: every error is to be seen."""

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from tools.importing.columns import COLUMNS, REQUIRED
from tools.importing.findings import Finding, Place, meant

if TYPE_CHECKING:
    from _csv import Reader

_SEPARATORS = (",", ";", "\t")
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_AS_UTF_8 = "Save it as “CSV UTF-8” and import that."


@dataclass(frozen=True, slots=True)
class Row:
    """The cells that are not empty, by column, without the spaces around them."""

    place: Place
    cells: Mapping[str, str]


@dataclass(slots=True)
class Sheet:
    """A file. `columns` are those of its header that are known."""

    name: str
    columns: list[str] = field(default_factory=list)
    rows: list[Row] = field(default_factory=list)
    errors: list[Finding] = field(default_factory=list)

    def wrong(self, line: int, column: str | None, sentence: str) -> None:
        self.errors.append(Finding(Place(self.name, line), column, sentence))


def read(name: str, content: bytes) -> Sheet:
    """A header and the rows below it, separated by commas, semicolons or tabs."""
    sheet = Sheet(name)
    text = _decoded(sheet, content)
    if not text.strip():
        sheet.wrong(1, None, f"The file is empty. Its first line names the columns: {', '.join(COLUMNS)}.")
        return sheet
    separator = max(_SEPARATORS, key=lambda one: len(COLUMNS.keys() & set(_header(text, one))))
    header = _header(text, separator)
    if not COLUMNS.keys() & set(header):
        sheet.wrong(
            1,
            None,
            f"This names none of the columns. Begin with a line of {', '.join(REQUIRED)} and what else is known, "
            "separated by commas, semicolons or tabs.",
        )
        return sheet
    _judge(sheet, header)
    _read_rows(sheet, text, separator, header)
    return sheet


def _decoded(sheet: Sheet, content: bytes) -> str:
    """What is not UTF-8 is an error, and read as what it most probably is."""
    if content.startswith(_UTF_16):
        sheet.wrong(1, None, f"The file is UTF-16, not UTF-8. {_AS_UTF_8}")
        return content.decode("utf-16", errors="replace")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as bad:
        before = content[: bad.start]
        line = before.count(b"\n") + 1
        sheet.wrong(
            line, None, f"The file is not UTF-8: here is the byte {content[bad.start]:#04x}. {_AS_UTF_8}"
        )
        return content.decode("cp1252", errors="replace")


def _header(text: str, separator: str) -> list[str]:
    try:
        return [name.strip().lower() for name in next(_rows(text, separator))]
    except csv.Error:
        return []


def _rows(text: str, separator: str) -> "Reader":
    return csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)


def _judge(sheet: Sheet, header: list[str]) -> None:
    for number, name in enumerate(header, 1):
        if not name:
            sheet.wrong(1, f"column {number}", "This column has no name. Name it or remove it.")
        elif name not in COLUMNS:
            near = meant(name, list(COLUMNS))
            sheet.wrong(1, name, f"This column is not known. Rename or remove it.{near}")
        elif name in sheet.columns:
            sheet.wrong(1, name, "This column is there twice. Remove one of them.")
        else:
            sheet.columns.append(name)
    for name in REQUIRED:
        if name not in header:
            sheet.wrong(1, name, "This column is missing. Add it; every row needs a value there.")


def _read_rows(sheet: Sheet, text: str, separator: str, header: list[str]) -> None:
    reader = _rows(text, separator)
    next(reader)
    while True:
        line = reader.line_num + 1
        try:
            values = next(reader)
        except StopIteration:
            break
        except csv.Error as wrong:
            sheet.wrong(
                line,
                None,
                f"The quotes of this line are wrong ({wrong}). Quote a whole value, and double a quote in it.",
            )
            continue
        values = [value.strip() for value in values]
        if not any(values):
            continue
        if len(values) != len(header):
            sheet.wrong(
                line,
                None,
                f"The line has {len(values)} values, the header {len(header)} columns. "
                "Add what is missing, and put a value that contains the separator in double quotes.",
            )
            continue
        cells = {name: value for name, value in zip(header, values, strict=True) if value}
        sheet.rows.append(Row(Place(sheet.name, line), cells))
    if not sheet.rows and not sheet.errors:
        sheet.wrong(1, None, "There is nothing below the header. Write a row for each bed.")
