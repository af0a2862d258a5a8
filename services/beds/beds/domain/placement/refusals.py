"""Why an act on a placement is refused."""

from collections.abc import Iterable

from common.errors import FieldError, Invalid, NotFound, Refusal


class UnknownPlacement(NotFound):
    """Beds has not answered, or not even heard of, an admission with this id."""


class NotWaiting(Refusal):
    code = "not_waiting"
    sentence = "This patient is not waiting for a bed."


class AlreadyArrived(Refusal):
    code = "already_arrived"
    sentence = "This patient has arrived already."


class NotInABed(Refusal):
    code = "not_in_a_bed"
    sentence = "This patient is not in a bed."


class NotOnLeave(Refusal):
    code = "not_on_leave"
    sentence = "This patient is not on leave."


class UnknownDepartureReason(Invalid):
    sentence = "This is not one of the reasons for which patients leave."

    def __init__(self, known: Iterable[str]) -> None:
        message = f"one of {', '.join(known)}"
        super().__init__(errors=[FieldError(field="body.reason_code", code="unknown", message=message)])


class HoldExpired(Refusal):
    code = "hold_expired"
    sentence = "The hold is over. Hold a bed again, or name a free bed for a direct arrival."


class AdmissionAlreadyHolds(Refusal):
    code = "admission_already_holds"
    sentence = "This admission holds this bed already."


class PatientInAnotherBed(Refusal):
    code = "patient_in_another_bed"
    sentence = "This patient is in another bed. Record the departure from there first."


class AlreadyReversed(Refusal):
    code = "already_reversed"
    sentence = "This was taken back before."


class NothingToReverse(Refusal):
    code = "nothing_to_reverse"
    sentence = "This patient has not been moved since the arrival."


class PriorBedTaken(Refusal):
    code = "prior_bed_taken"
    sentence = "The bed from before is not there for this patient any more. Move the patient to another one."


class SamePatient(Invalid):
    sentence = "Two different patients change places."

    def __init__(self) -> None:
        super().__init__(errors=[FieldError(field="body.b", code="same", message="name another patient")])


class TransferNeeded(Refusal):
    code = "transfer_needed"
    sentence = "This bed belongs to another department; a move stays within one."


class AlreadyThere(Refusal):
    code = "already_there"
    sentence = "The patient is in this bed already."
