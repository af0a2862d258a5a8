"""The migrations make what `models.py` describes, and the steps of a bed are those of the domain."""

from beds.domain.bed import TRANSITIONS
from beds.models import metadata
from common.embedded import Postgres
from tests.beds.ward import Ward
from tests.support.schema import described_shape, migrated_shape


async def test_migrated_and_described_are_the_same(postgres: Postgres, beds_migrated: str):
    migrated = await migrated_shape(postgres.url(beds_migrated), metadata)
    assert migrated == await described_shape(postgres, metadata)


async def test_the_steps_in_the_database_are_those_of_the_domain(ward: Ward):
    rows = await ward.admin.fetch("SELECT was, becomes FROM bed_transition")
    assert {(row["was"], row["becomes"]) for row in rows} == {(str(a), str(b)) for a, b in TRANSITIONS}
