"""The migrations make what `models.py` describes."""

from admissions.models import metadata
from common.embedded import Postgres
from tests.support.schema import described_shape, migrated_shape


async def test_migrated_and_described_are_the_same(postgres: Postgres, admissions_migrated: str):
    migrated = await migrated_shape(postgres.url(admissions_migrated), metadata)
    assert migrated == await described_shape(postgres, metadata)
