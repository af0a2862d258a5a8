"""The embedded PostgreSQL."""

import os

import asyncpg
import pytest

from common.embedded import Postgres


@pytest.fixture
def server(scratch):
    server = Postgres(scratch / "postgres-to-break", password="s3 /cret%")
    server.start()
    yield server
    server.stop()
    server.remove()


async def test_committed_rows_survive_a_crash(server):
    connection = await asyncpg.connect(server.url())
    await connection.execute("CREATE TABLE bed AS SELECT 'A-1' AS label")

    server.kill()
    server.start()

    connection = await asyncpg.connect(server.url())
    assert await connection.fetchval("SELECT label FROM bed") == "A-1"
    await connection.close()


async def test_a_wrong_password_is_refused(server):
    with pytest.raises(asyncpg.InvalidPasswordError):
        await asyncpg.connect(server.url(password="guessed"))


async def test_it_listens_on_loopback_only(server):
    connection = await asyncpg.connect(server.url())
    assert await connection.fetchval("SHOW listen_addresses") == "127.0.0.1"
    await connection.close()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs another user")
def test_below_a_closed_home_the_data_lies_elsewhere(tmp_path):
    tmp_path.chmod(0o700)
    server = Postgres(tmp_path / "postgres", password="secret")
    server.start()
    home = (server.folder / "elsewhere").resolve()
    assert home.exists()
    assert not home.is_relative_to(tmp_path)

    server.stop()
    server.remove()

    assert not home.exists()
