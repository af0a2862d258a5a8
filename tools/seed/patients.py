"""The patients of the demo hospital, all invented, and how far each one's story goes."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Story(StrEnum):
    """Where the demo leaves a patient."""

    IN_BED = "in bed"
    HELD = "bed held"
    WAITING = "waiting for a bed"
    LEFT = "gone, bed dirty, somebody on the way to clean it"
    LEFT_CLEANING = "gone, bed being cleaned"
    CANCELLED = "cancelled"
    NO_SHOW = "did not come"
    LATE = "gone for two hours, and nobody has come to clean the bed: targets are missed"
    ON_LEAVE = "on leave, bed kept"
    TRANSFERRED = "transferred to another ward"
    TRANSFER_ASKED = "to be transferred, nobody has answered yet"
    ARRIVAL_REVERSED = "said to have arrived by mistake, waits again"
    MOVE_REVERSED = "said to have moved by mistake, in the bed as before"
    DEPARTURE_REVERSED = "said to have left by mistake, in the bed as before"
    IN_ERROR = "was never here: the admission was entered in error"
    PLANNED = "comes tomorrow, a bed is reserved"
    DUPLICATE = "registered twice, and merged"


S = Story

#: The acts that bring an admission on, by the state that it is in. Where a state is not named the story is told,
#: or somebody has taken the patient elsewhere; either way nothing is done.
STEPS: Mapping[Story, Mapping[str, tuple[str, ...]]] = {
    S.IN_BED: {"requested": ("arrive",), "bed_assigned": ("arrive",)},
    S.HELD: {},
    S.WAITING: {},
    S.LEFT: {
        "requested": ("arrive", "depart", "accept"),
        "bed_assigned": ("arrive", "depart", "accept"),
        "admitted": ("depart", "accept"),
    },
    S.LEFT_CLEANING: {
        "requested": ("arrive", "confirm", "depart", "clean"),
        "bed_assigned": ("arrive", "confirm", "depart", "clean"),
        "admitted": ("confirm", "depart", "clean"),
    },
    S.CANCELLED: {"requested": ("cancel",), "bed_assigned": ("cancel",)},
    S.NO_SHOW: {"requested": ("no_show",), "bed_assigned": ("no_show",)},
    S.LATE: {"bed_assigned": ("arrive_before", "depart_before"), "admitted": ("depart_before",)},
    S.ON_LEAVE: {"bed_assigned": ("arrive", "leave"), "admitted": ("leave",)},
    S.TRANSFER_ASKED: {"bed_assigned": ("arrive", "ask_transfer"), "admitted": ("ask_transfer",)},
    S.TRANSFERRED: {"bed_assigned": ("arrive", "transfer")},
    # Of a reversal interrupted half-way nobody can tell by the state whether it is still to come: it stays so.
    S.ARRIVAL_REVERSED: {"bed_assigned": ("arrive", "reverse_arrival")},
    S.MOVE_REVERSED: {"bed_assigned": ("arrive", "move", "reverse_move")},
    S.DEPARTURE_REVERSED: {"bed_assigned": ("arrive", "depart", "reopen", "arrive_again")},
    S.IN_ERROR: {"bed_assigned": ("arrive", "depart", "enter_in_error"), "discharged": ("enter_in_error",)},
    S.PLANNED: {"requested": ("reserve",)},
    S.DUPLICATE: {
        "requested": ("cancel", "merge"),
        "bed_assigned": ("cancel", "merge"),
        "cancelled": ("merge",),
    },
}
#: Those whom beds gives any free bed of the ward, though another story names it: who waits, and who is admitted
#: again, whom it holds one until the arrival in the old one.
ANY_FREE_BED = (S.WAITING, S.DEPARTURE_REVERSED)


@dataclass(frozen=True, slots=True)
class Patient:
    """`mrn` is the record number; `name` is "Surname, Given", and who has none is not identified yet."""

    mrn: str
    name: str | None
    date_of_birth: str | None
    sex: str
    ward: str
    bed: str | None
    story: Story
    priority: str = "urgent"
    privacy: bool = False
    to: tuple[str, str] | None = None
    """Ward and bed of a transfer, or of a move that was a mistake."""
    mother: str | None = None
    """Record number of a newborn's mother."""
    same_as: str | None = None
    """Record number under which the same person is known already."""

    def registration(self) -> dict[str, object]:
        """What is sent to register this patient."""
        return {
            "mrn": self.mrn,
            "name": self.name,
            "date_of_birth": self.date_of_birth,
            "sex": self.sex,
            "unidentified": self.name is None,
            "privacy": self.privacy,
        }


#: Those whom the tour and the pictures know by name.
NAMED = (
    Patient("MRN-100214", "Abara, Chidi", "1957-03-18", "male", "4W", "401A", S.IN_BED),
    Patient("MRN-100231", "Lindqvist, Astrid", "1949-11-02", "female", "4W", "401B", S.IN_BED),
    Patient("MRN-100248", "Moreau, Camille", "1988-06-27", "female", "4W", "402A", S.IN_BED, privacy=True),
    Patient("MRN-100262", "Tanaka, Haruto", "1972-01-09", "male", "4W", "403A", S.IN_BED),
    Patient(
        "MRN-100279", "Whitfield, Rosalind", "1935-09-21", "female", "4W", "403B", S.ON_LEAVE, "elective"
    ),
    Patient("MRN-100293", "Castellanos, Mateo", "1996-04-30", "male", "4W", "404A", S.HELD),
    Patient("MRN-100307", "Oyelaran, Folake", "1964-12-14", "female", "4W", "404B", S.LEFT),
    Patient("MRN-100324", "Petrosyan, Armen", "1951-08-05", "male", "4W", "405A", S.LEFT_CLEANING),
    Patient("MRN-100341", "Halloran, Niamh", "1979-02-23", "female", "4W", "406A", S.CANCELLED, "elective"),
    Patient("MRN-100358", "Brandvold, Einar", "1968-07-11", "male", "5E", "501A", S.IN_BED, "elective"),
    Patient("MRN-100365", "Sahin, Elif", "1991-10-19", "female", "5E", "501B", S.IN_BED),
    Patient("MRN-100382", "Kowalczyk, Zofia", "1943-05-06", "female", "5E", "502A", S.IN_BED),
    Patient("MRN-100399", "Venkataraman, Arjun", "1983-03-29", "male", "5E", "503A", S.IN_BED),
    Patient("MRN-100413", "Delacroix, Henri", "1960-11-25", "male", "5E", "503B", S.HELD, "elective"),
    Patient("MRN-100426", "Mbeki, Thandiwe", "1976-08-17", "female", "5E", "504A", S.LEFT),
    Patient("MRN-100437", "Ferreira, Tiago", "2001-01-31", "male", "5E", "505A", S.NO_SHOW, "elective"),
    Patient("MRN-100454", "Nakamura, Yuki", "1954-04-12", "female", "ICU", "I1", S.IN_BED, "emergency"),
    Patient("MRN-100461", "Adeyemi, Kunle", "1947-06-08", "male", "ICU", "I2", S.IN_BED, "emergency"),
    Patient("MRN-100478", "Rasmussen, Freja", "1986-12-03", "female", "ICU", "I3", S.IN_BED),
    Patient("MRN-100485", "Ivanova, Darya", "1939-02-15", "female", "ICU", "I4", S.IN_BED, "emergency"),
    Patient("MRN-100492", "Quispe, Nayra", "1970-09-28", "female", "ICU", "I5", S.IN_BED),
    Patient("MRN-100508", "Okonjo, Samuel", "1962-10-07", "male", "ICU", None, S.WAITING, "emergency"),
    Patient("MRN-100515", "Bergstrom, Linnea", "1993-05-20", "female", "ICU", None, S.WAITING),
    Patient("MRN-100539", "Haddad, Rami", "1999-07-04", "male", "EDO", "E1A", S.IN_BED, "emergency"),
    Patient("TMP-000017", None, None, "unknown", "EDO", "E2A", S.IN_BED, "emergency"),
)
