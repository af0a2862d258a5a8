"""Notes: words that somebody adds to what the audit log tells of a thing."""

from enum import StrEnum

from common.errors import Refusal


class SubjectErased(Refusal):
    status, code = 410, "erased"
    sentence = "What this note is about has been erased; no words about it are kept."


class EntityType(StrEnum):
    """What a note can be about. A closed list: the word is published, so it must not be anybody's own."""

    DEPARTMENT = "department"
    ROOM = "room"
    BED = "bed"
    PLACEMENT = "placement"
    CLEANING_JOB = "cleaning_job"
    PATIENT = "patient"
    ADMISSION = "admission"
    USER = "user"
