"""Keys are replaced while the service runs: what an older key keeps is brought under the newest (ADR 9)."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import sqlalchemy as sa
import structlog
from sqlalchemy.dialects.postgresql import ARRAY, UUID as Uuid

from admissions.identities import Identities
from admissions.models import patient, patient_index, subject_key
from admissions.queries import PEOPLE
from admissions.settings import AdmissionsSettings
from common import failpoints
from common.crypto import PREFIX_BYTES
from common.db import Database
from common.metrics import Gauge
from common.process import Process
from common.statements import Statement

log = structlog.get_logger()
EVERY_SECONDS = 10.0
AT_ONCE = 100
_COMMIT = failpoints.around_commit("timer.key_rotation")

_master = sa.func.substr(subject_key.c.wrapped, sa.literal_column("1"), sa.literal_column(str(PREFIX_BYTES)))
_current: sa.BindParameter[bytes] = sa.bindparam("current", type_=sa.LargeBinary)
_of_another_master = sa.or_(_master < _current, _master > _current)  # each side is a range of the index
_TO_REWRAP = Statement(
    sa.select(subject_key.c.subject_id, subject_key.c.wrapped)
    .where(_of_another_master)
    .limit(sa.literal_column(str(AT_ONCE)))
    .with_for_update(skip_locked=True)
)
_REWRAP = Statement(
    sa.update(subject_key)
    .where(subject_key.c.subject_id == sa.bindparam("of_subject"))
    .values(wrapped=sa.bindparam("rewrapped"))
)
_LEFT_TO_REWRAP = Statement(sa.select(sa.func.count()).select_from(subject_key).where(_of_another_master))

_unfilled = ~sa.exists().where(
    patient_index.c.patient_id == patient.c.id, patient_index.c.key_number == sa.bindparam("number")
)
_LOCK_UNFILLED = Statement(
    sa.select(patient.c.id)
    .where(patient.c.erased_at.is_(None), _unfilled)
    .limit(sa.literal_column(str(AT_ONCE)))
    .with_for_update(skip_locked=True, key_share=True)
)
_UNFILLED = Statement(
    PEOPLE.where(patient.c.id == sa.any_(sa.bindparam("locked", type_=ARRAY(Uuid))), _unfilled)
)
_LEFT_TO_FILL = Statement(
    sa.select(sa.func.count()).select_from(patient).where(patient.c.erased_at.is_(None), _unfilled)
)
_under = patient_index.alias()
_DROP_OLDER = Statement(
    sa.delete(patient_index).where(
        patient_index.c.key_number < sa.bindparam("oldest"),
        sa.exists().where(
            _under.c.patient_id == patient_index.c.patient_id, _under.c.key_number == sa.bindparam("oldest")
        ),
    )
)


def identities(process: Process) -> Identities:
    """With the keys that this process was given."""
    assert isinstance(process.settings, AdmissionsSettings)
    return Identities(process.keys, process.settings.indexes())


@dataclass
class Rotation:
    """The work of one replica; several share it, since each passes over what another has locked."""

    database: Database
    identities: Identities
    _settled: set[int] = field(default_factory=set)
    """Search keys under which every patient has digests, also those that come: all replicas know them."""

    async def run(self) -> None:
        """Everything that is left to do now."""
        while await self.rewrap():
            pass
        numbers = sorted(self.identities.indexes)
        for number in numbers:
            while await self.fill(number):
                pass
        async with self.database.write(around=_COMMIT) as act:
            dropped = await act.run(_DROP_OLDER, oldest=numbers[0])
        if dropped:
            log.info("digests_dropped", count=dropped, oldest_key=numbers[0])
        if len(numbers) == 1 and not await self._left_to_fill(numbers[0]):
            self._settled.add(numbers[0])

    async def rewrap(self) -> int:
        """Some keys of patients from under an older master key; how many."""
        keys = self.identities.keys
        async with self.database.write(around=_COMMIT) as act:
            rows = await act.all(_TO_REWRAP, current=keys.current)
            for row in rows:
                subject = row["subject_id"]
                rewrapped = keys.rewrapped(row["wrapped"], subject)
                await act.run(_REWRAP, of_subject=subject, rewrapped=rewrapped)
        if rows:
            log.info("keys_rewrapped", count=len(rows), left=await self.left_to_rewrap())
        return len(rows)

    async def fill(self, number: int) -> int:
        """Digests under this search key for some patients who have none; how many."""
        if number in self._settled:
            return 0
        async with self.database.write(around=_COMMIT) as act:
            locked = [row["id"] for row in await act.all(_LOCK_UNFILLED, number=number)]
            rows = await act.all(_UNFILLED, locked=locked, number=number) if locked else []
            for row in rows:  # read again under the lock: another replica may have been there in between
                await self.identities.fill(act, row["id"], self.identities.open(row), number)
        if rows:
            log.info("digests_filled", key=number, count=len(rows), left=await self._left_to_fill(number))
        return len(rows)

    async def left_to_rewrap(self) -> int:
        left: int = await self.database.read.value(_LEFT_TO_REWRAP, current=self.identities.keys.current)
        return left

    async def left_to_fill(self) -> int:
        """Over all search keys of this process."""
        return sum([await self._left_to_fill(number) for number in sorted(self.identities.indexes)])

    async def _left_to_fill(self, number: int) -> int:
        if number in self._settled:
            return 0
        left: int = await self.database.read.value(_LEFT_TO_FILL, number=number)
        return left

    def gauges(self) -> Iterator[Gauge]:
        yield Gauge(
            "keys_to_rewrap",
            "wardline_keys_to_rewrap",
            "Keys of patients that an older master key wraps.",
            self.left_to_rewrap,
        )
        yield Gauge(
            "digests_to_fill",
            "wardline_digests_to_fill",
            "Patients who cannot be found yet under a search key of this process.",
            self.left_to_fill,
        )
