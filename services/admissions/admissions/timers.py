"""What becomes due in admissions: only the daily repair."""

from collections.abc import Sequence

from admissions import records
from admissions.events import ADMISSION, ERASED_PATIENT
from admissions.queries import ADMISSION_KEYS, ERASED_KEYS
from common.process import Process
from common.repair import Repeated, repair_timer
from common.timers import Timer

REPEATED = (
    Repeated(ADMISSION, records.admissions, ADMISSION_KEYS),
    Repeated(ERASED_PATIENT, records.patients, ERASED_KEYS),
)


def timers(process: Process) -> Sequence[Timer]:
    return (repair_timer("admissions", process.database, REPEATED),)
