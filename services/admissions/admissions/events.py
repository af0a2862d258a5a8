"""The facts that admissions publishes, without any identity (contract §4); `contracts/` is made of them."""

from dataclasses import dataclass

from admissions.domain.admission import Admission, AdmissionState as A
from admissions.domain.patient import Patient
from common.access import published_access
from common.catalogue import Catalogue, Happening, Published
from common.topics import Topic

PATIENT = Topic("admissions", "patient")
#: The compacted topic of patients holds the erased ones alone. It is the list that no backup takes back.
ERASED_PATIENT = Topic("admissions", "patient", has_state=True)
ADMISSION = Topic("admissions", "admission", has_state=True)


class PatientEvent(Happening):
    REGISTERED = "registered", "A person is known to the hospital under this id, or unidentified."
    CORRECTED = "corrected", "Who the person is was corrected; what exactly is not told."
    MERGED = "merged", "It is a second record of the person of `merged_into`, which counts from now on."
    UNMERGED = "unmerged", "It is another person after all; the merge is undone."


@dataclass(frozen=True, slots=True)
class Erasing:
    """Why."""

    reason_code: str | None = None


class PatientEnd(Happening):
    ERASED = "erased", "The identity was destroyed for good; this id and what was done stay.", Erasing


class AdmissionEvent(Happening):
    REQUESTED = "requested", "A bed is wanted for a patient."
    CHANGED = (
        "changed",
        "Another bed is wanted, it waits again, the patient is in another department, or was merged.",
    )
    BED_ASSIGNED = "bed_assigned", "A bed is held for it."
    ADMITTED = "admitted", "The patient has arrived."
    CANCELLING = "cancelling", "It is to end as `target`; final once beds has answered."
    CANCELLED = "cancelled", "It ended before an arrival."
    NO_SHOW = "no_show", "The patient did not come."
    DISCHARGE_PLANNED = "discharge_planned", "When it is expected has changed, or what is done of it."
    DISCHARGE_CONFIRMED = (
        "discharge_confirmed",
        "The discharge is confirmed on paper; the bed is not yet free by it.",
    )
    DISCHARGED = "discharged", "The patient has left."
    ENTERED_IN_ERROR = "entered_in_error", "It should never have been; what was recorded of it stays."
    REOPENED = "reopened", "The departure was none: a bed is wanted for the next stay."


class PersonAccess(Happening):
    PERSON_READ = "person_read", "Data of a person was read."
    NAMES_READ = "names_read", "Names of persons were read, for a board."
    SEARCH = "search", "Persons were searched; `subjects` were found."


#: What happened when the state of an admission became this one.
BECAME: dict[A, AdmissionEvent] = {
    A.REQUESTED: AdmissionEvent.CHANGED,
    A.BED_ASSIGNED: AdmissionEvent.BED_ASSIGNED,
    A.ADMITTED: AdmissionEvent.ADMITTED,
    A.ON_LEAVE: AdmissionEvent.CHANGED,
    A.DISCHARGED: AdmissionEvent.DISCHARGED,
    A.CANCELLED: AdmissionEvent.CANCELLED,
    A.NO_SHOW: AdmissionEvent.NO_SHOW,
    A.ENTERED_IN_ERROR: AdmissionEvent.ENTERED_IN_ERROR,
}

CATALOGUE = Catalogue(
    Published.of(PATIENT, Patient, PatientEvent),
    Published.of(ERASED_PATIENT, Patient, PatientEnd),
    Published.of(ADMISSION, Admission, AdmissionEvent),
    published_access("admissions", *PersonAccess),
)
happened = CATALOGUE.happened
