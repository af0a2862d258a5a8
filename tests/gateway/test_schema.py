"""The migrations make what `models.py` describes."""

from common.embedded import Postgres
from gateway.models import metadata
from tests.support.schema import described_shape, migrated_shape


async def test_migrated_and_described_are_the_same(migrated: Postgres):
    described = await described_shape(migrated, metadata)
    assert await migrated_shape(migrated.url("gateway"), metadata) == described
