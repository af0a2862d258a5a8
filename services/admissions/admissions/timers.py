"""What becomes due in admissions: the daily repair, and what a replaced key has left."""

from collections.abc import Sequence

from admissions import records
from admissions.events import ADMISSION, ERASED_PATIENT
from admissions.queries import ADMISSION_KEYS, ERASED_KEYS
from admissions.rotation import EVERY_SECONDS, Rotation, identities
from common.process import Process
from common.repair import Repeated, repair_timer
from common.timers import Timer

REPEATED = (
    Repeated(ADMISSION, records.admissions, ADMISSION_KEYS),
    Repeated(ERASED_PATIENT, records.patients, ERASED_KEYS),
)


def timers(process: Process) -> Sequence[Timer]:
    rotation = Rotation(process.database, identities(process))
    process.gauges.extend(rotation.gauges())
    rotating = Timer("admissions", "key_rotation", EVERY_SECONDS, rotation.run)
    rotating.wake()
    return repair_timer("admissions", process.database, REPEATED), rotating
