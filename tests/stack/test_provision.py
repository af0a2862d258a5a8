"""Roles and databases: who reaches what."""

import asyncpg
import pytest

from tools.stack.provision import Login, migrator_url, provision


async def attempt(url: str, *statements: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        for statement in statements:
            await connection.execute(statement)
    finally:
        await connection.close()


async def as_owner(postgres, database: str, *statements: str) -> None:
    url = migrator_url(postgres.url(), "migrator", database)
    await attempt(url, f"SET ROLE {database}_owner", *statements)


@pytest.mark.parametrize("database", ["admissions", "audit", "gateway", "postgres", "template1"])
async def test_a_service_reaches_its_own_database_only(postgres, database):
    await attempt(postgres.url("beds", "beds", "beds"), "SELECT 1")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt(postgres.url(database, "beds", "beds"))


async def test_a_service_writes_rows_where_that_was_granted_but_changes_no_table(postgres):
    grant = "GRANT SELECT, INSERT ON provision_check TO beds"
    await as_owner(postgres, "beds", "CREATE TABLE provision_check (label text)", grant)
    beds = postgres.url("beds", "beds", "beds")

    await attempt(beds, "INSERT INTO provision_check VALUES ('A-1')")

    for forbidden in ("CREATE TABLE mine ()", "DROP TABLE provision_check", "TRUNCATE provision_check"):
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await attempt(beds, forbidden)
    await as_owner(postgres, "beds", "DROP TABLE provision_check")


@pytest.mark.parametrize(("database", "role"), [("beds", "beds"), ("audit", "audit_reader")])
async def test_a_login_role_gets_nothing_but_what_a_migration_grants(postgres, database, role):
    await as_owner(postgres, database, "CREATE TABLE provision_check (label text)")
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt(postgres.url(database, role, role), "SELECT * FROM provision_check")
    await as_owner(postgres, database, "DROP TABLE provision_check")


async def test_the_migrator_has_no_rights_of_its_own(postgres):
    with pytest.raises(asyncpg.InsufficientPrivilegeError):
        await attempt(migrator_url(postgres.url(), "migrator", "beds"), "CREATE TABLE mine ()")


async def test_provisioning_again_changes_the_password(postgres):
    login = Login.of(postgres.url("beds", "beds", "new, with a quote '"))
    await provision(postgres.url(), [login], migrator_password="migrator")
    await attempt(postgres.url("beds", "beds", login.password), "SELECT 1")

    await provision(postgres.url(), [Login("beds", "beds", "beds")], migrator_password="migrator")


def test_an_address_without_a_password_is_no_login():
    with pytest.raises(ValueError, match="needs a user, a password and a database"):
        Login.of("postgresql://beds@127.0.0.1/beds")
