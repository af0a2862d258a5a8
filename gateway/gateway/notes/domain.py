"""Notes: words that somebody adds to what the audit log tells of a thing."""

from enum import StrEnum


class EntityType(StrEnum):
    """What a note can be about. A closed list: the word is published, so it must not be anybody's own."""

    DEPARTMENT = "department"
    ROOM = "room"
    BED = "bed"
    PLACEMENT = "placement"
    TRANSFER = "transfer"
    CLEANING_JOB = "cleaning_job"
    PATIENT = "patient"
    ADMISSION = "admission"
    USER = "user"
