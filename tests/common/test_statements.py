"""Statements: compiled once, run with named parameters."""

import importlib
import pkgutil

import pytest
import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

import common
from common.statements import Statement, insert_into
from tests.common.toy import Toy, counter

_named = Statement(
    sa.select(counter.c.id).where(
        counter.c.name == sa.bindparam("name"), counter.c.value > sa.bindparam("least")
    )
)


def test_a_forgotten_parameter_is_a_type_error():
    with pytest.raises(TypeError, match=r"missing \['least'\], unknown \[\]"):
        _named.arguments({"name": "a"})


def test_an_unknown_parameter_is_a_type_error():
    with pytest.raises(TypeError, match=r"missing \[\], unknown \['extra'\]"):
        _named.arguments({"name": "a", "least": 1, "extra": 2})


def test_literals_of_the_expression_are_merged_in_their_place():
    statement = Statement(
        sa.select(counter.c.id).where(
            counter.c.value > 7, counter.c.name == sa.bindparam("name"), counter.c.seat < 9
        )
    )

    assert statement.arguments({"name": "a"}) == [7, "a", 9]


async def test_a_parameter_that_is_named_twice_is_given_once(toy: Toy):
    name = sa.bindparam("name", type_=sa.Text)
    statement = Statement(sa.select(sa.literal(1).label("one")).where(sa.or_(name.is_(None), name == "a")))

    assert await toy.database.read.value(statement, name="a") == 1
    assert await toy.database.read.value(statement, name="b") is None


def test_an_insert_without_names_names_every_column():
    statement = Statement(insert_into(counter))

    assert set(counter.columns.keys()) == set(statement._open)


async def test_an_array_parameter_reaches_the_server_as_one(toy: Toy):
    wanted = sa.bindparam("wanted", type_=ARRAY(sa.Text))

    assert await toy.database.read.value(
        Statement(sa.select(sa.literal("b") == sa.any_(wanted))), wanted=["a", "b"]
    )


def _statements() -> list[tuple[str, Statement]]:
    modules = [
        importlib.import_module(f"common.{found.name}")
        for found in pkgutil.iter_modules(common.__path__)
        if not found.ispkg
    ]
    return [
        (f"{module.__name__}.{name}", value)
        for module in modules
        for name, value in vars(module).items()
        if isinstance(value, Statement)
    ]


@pytest.mark.parametrize(("name", "statement"), _statements())
async def test_the_server_understands_every_statement_of_common(toy: Toy, name: str, statement: Statement):
    async with toy.database.pool.acquire() as connection:
        prepared = await connection.prepare(statement.sql)

        assert len(prepared.get_parameters()) == len(statement._names), name
