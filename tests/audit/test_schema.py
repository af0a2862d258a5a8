"""The migrations make what `models.py` describes."""

from audit.models import metadata
from common.embedded import Postgres
from tests.support.schema import described_shape, migrated_shape


async def test_migrated_and_described_are_the_same(migrated: Postgres):
    shape = await migrated_shape(migrated.url("audit"), metadata)
    assert shape == await described_shape(migrated, metadata)
