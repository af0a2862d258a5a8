"""What there is to say about a place in a file."""

from dataclasses import dataclass
from difflib import get_close_matches


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """A line of a file, as an editor counts them; a row with line breaks in it is where it begins."""

    file: str
    line: int


@dataclass(frozen=True, slots=True)
class Finding:
    """An error and what to do about it, or a remark. `column` is None where it is about the whole line."""

    place: Place
    column: str | None
    sentence: str

    def __str__(self) -> str:
        column = f", {self.column}" if self.column else ""
        return f"{self.place.file}, line {self.place.line}{column}: {self.sentence}"

    def document(self) -> dict[str, object]:
        """For programs."""
        return {
            "file": self.place.file,
            "line": self.place.line,
            "column": self.column,
            "message": self.sentence,
        }


def elsewhere(other: Place, place: Place) -> str:
    """How the other place is called at this one."""
    return f"line {other.line}" + (f" of {other.file}" if other.file != place.file else "")


def meant(word: str, words: list[str]) -> str:
    """` Did you mean x?`, or nothing."""
    near = get_close_matches(word, words, n=1)
    return f" Did you mean {near[0]}?" if near else ""
