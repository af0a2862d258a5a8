"""The migrations make what `models.py` describes."""

from admissions.models import metadata
from common.embedded import Postgres
from tests.support.schema import shape_described, shape_of


async def test_migrated_and_described_are_the_same(postgres: Postgres, admissions_migrated: str):
    migrated = await shape_of(postgres.url(admissions_migrated), metadata)
    described = await shape_described(postgres, metadata)
    for detail, rows in described.items():
        assert migrated[detail] == rows, detail
