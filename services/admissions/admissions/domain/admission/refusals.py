"""Why an act on an admission is refused."""

from common.errors import Refusal


class PatientAlreadyAdmitted(Refusal):
    code = "patient_already_admitted"
    sentence = "This patient has an open admission. Nothing was kept."


class AlreadyArrived(Refusal):
    code = "already_arrived"
    sentence = "The patient has arrived. Record a departure or a move instead."


class Cancelling(Refusal):
    code = "cancelling"
    sentence = "This admission is being cancelled; wait for the outcome."


class AdmissionClosed(Refusal):
    code = "admission_closed"
    sentence = "This admission is over."


class NotAdmitted(Refusal):
    code = "not_admitted"
    sentence = "A discharge can be confirmed once the patient has arrived."


class AlreadyConfirmed(Refusal):
    code = "already_confirmed"
    sentence = "The discharge is confirmed already."


class NotDischarged(Refusal):
    code = "not_discharged"
    sentence = "Only a patient who has left can be taken back."


class ImpossibleAnswer(Refusal):
    """A cell of the protocol that cannot be: an alarm, not a guess."""

    code = "impossible_answer"
    sentence = "The placement says what cannot follow from this admission."
