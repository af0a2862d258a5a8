"""What an entry says in one sentence, from its event type alone: words without identity."""

from collections.abc import Mapping

from audit.leaf import Kind

_OF_KIND: Mapping[str, str] = {
    Kind.INVALID: "A record that is no event of its topic was received.",
    Kind.CONFLICT: "An event came a second time with other content.",
    Kind.OVERSIZE: "A record that is too large was received; its hash and size are kept.",
    Kind.UNREADABLE: "A record that cannot be read was passed over.",
}

#: Where "a <noun> was <action>" would be no sentence.
_SENTENCES: Mapping[str, str] = {
    "access.person_read": "Data of a person was read.",
    "access.names_read": "Names of persons were read.",
    "access.search": "A search was made.",
    "access.note_read": "The words of a note to this log were read.",
    "access.entry_read": "An entry of this log was read.",
    "access.refused": "A request beyond the caller's rights was refused.",
    "access.exported": "Data was exported.",
    "access.signed_in": "A user signed in.",
    "access.sign_in_refused": "A sign-in was refused.",
    "access.signed_out": "A user signed out.",
    "admission.admitted": "A patient was admitted.",
    "admission.bed_assigned": "An admission was assigned a bed.",
    "admission.cancelling": "The cancellation of an admission was begun.",
    "admission.discharge_planned": "A discharge was planned.",
    "admission.discharge_confirmed": "A discharge was confirmed.",
    "admission.discharged": "A patient was discharged.",
    "admission.entered_in_error": "An admission was marked as entered in error.",
    "admission.no_show": "A patient did not come.",
    "bed.hold_expired": "The hold of a bed expired.",
    "bed.readied": "A bed was made ready.",
    "cleaning_job.target_missed": "A cleaning job missed its target time.",
    "patient.merged": "The record of a patient was merged into another one.",
    "patient.unmerged": "The merge of two records of a patient was undone.",
    "placement.answered": "The wish of an admission was answered.",
    "placement.arrived": "A patient arrived in a bed.",
    "placement.changed": "A transfer of a patient or a reservation for one was made, or ended.",
    "placement.departed": "A patient left the bed for good.",
    "placement.entered_in_error": "The stays of an admission were marked as entered in error.",
    "placement.held": "A bed was held for an admission.",
    "placement.left_on_leave": "A patient went on leave.",
    "placement.moved": "A patient was moved to another bed.",
    "placement.offered": "A bed was offered to an admission.",
    "placement.offer_declined": "A bed that was offered to an admission was declined.",
    "placement.offer_expired": "Nobody decided in time about a bed that was offered.",
    "placement.queued": "An admission began to wait for a bed.",
    "placement.returned": "A patient returned from leave.",
    "placement.reversed": "A movement of a patient was reversed.",
    "placement.withdrawn": "An admission no longer needs a bed.",
    "reservation.cancelled": "The reservation of a bed was cancelled.",
    "reservation.expired": "The reservation of a bed ended in vain.",
    "reservation.kept": "The reservation of a bed was kept.",
    "reservation.made": "A bed was reserved.",
    "user.granted": "The rights of a user were changed.",
    "user.password_changed": "A user changed the password.",
    "user.sessions_ended": "The sessions of a user were ended.",
    "user.signed_up": "A user signed up.",
}


def summary(event_type: str | None, kind: str | None) -> str:
    """One sentence for the entry; for a type that has no words here, one made from the type's own."""
    if kind is not None:
        return _OF_KIND[kind]
    match (event_type or "").split("."):
        case ["hospital", _, aggregate, action, _] if aggregate:
            pass
        case _:
            return "Something happened that has no name here."
    if (sentence := _SENTENCES.get(f"{aggregate}.{action}")) is not None:
        return sentence
    noun = aggregate.replace("_", " ")
    article = "An" if noun[0] in "aeiou" else "A"
    return f"{article} {noun} was {action.replace('_', ' ')}."
