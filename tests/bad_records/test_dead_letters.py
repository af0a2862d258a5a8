"""`wardline dead-letters` against a hospital that runs: what is decided about a letter, and what becomes of it."""

import asyncio
import json
import os
import sys
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiokafka import ConsumerRecord

from common import dead_letters
from common.crypto import MasterKeys
from common.db import UnitOfWork
from tests.bad_records.kinds import Sent, good
from tests.support.hospital import Hospital
from tests.support.waiting import eventually

WARDLINE = Path(sys.executable).parent / "wardline"
TOPIC = "hospital.admissions.admission.state.v1"


class DeadLetters:
    """The command as an operator of beds has it."""

    def __init__(self, hospital: Hospital) -> None:
        self.url = hospital.stack.database_url("BEDS_DATABASE_URL")
        self.keyset = hospital.stack.secrets.keyset("beds")
        self._environment = {
            "PATH": os.environ["PATH"],
            "COLUMNS": "250",
            "BEDS_DATABASE_URL": self.url,
            "BEDS_MASTER_KEYSET": self.keyset,
            "ADMISSIONS_DATABASE_URL": hospital.stack.database_url("ADMISSIONS_DATABASE_URL"),
            "GATEWAY_DATABASE_URL": hospital.stack.database_url("GATEWAY_DATABASE_URL"),
        }

    async def run(self, *arguments: str, typed: str = "", **environment: str) -> tuple[int, str, str]:
        """The exit code, what it said and what it complained of."""
        running = await asyncio.create_subprocess_exec(
            *(str(WARDLINE), "dead-letters", *arguments),
            env=self._environment | environment,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.PIPE,
        )
        said, complained = await asyncio.wait_for(running.communicate(typed.encode()), 90)
        return running.returncode or 0, said.decode(), complained.decode()

    async def told(self, *arguments: str, code: int = 0) -> Any:
        """The same with --json."""
        ended, said, complained = await self.run(*arguments, "--json")
        assert (ended, complained) == (code, ""), said
        return json.loads(said)

    async def bury(
        self, offset: int, sent: Sent, reason: str = "an earlier release could not read it"
    ) -> str:
        """As an earlier release did, which knew less. The letter's address."""
        record = ConsumerRecord(
            TOPIC, 99, offset, 1, 0, sent.key, sent.value, -1, -1, -1, headers=tuple(sent.headers.items())
        )
        connection = await asyncpg.connect(self.url)
        values = dead_letters.burial(MasterKeys(self.keyset), "beds", record, reason)
        await UnitOfWork(connection).run(dead_letters.BURY, **values)
        await connection.close()
        return f"{TOPIC}/99/{offset}"

    async def placements(self, sent: Sent) -> list[int]:
        """The versions of what beds made of this record's admission."""
        connection = await asyncpg.connect(self.url)
        question = "SELECT version FROM placement WHERE admission_id = $1::text::uuid"
        rows = await connection.fetch(question, (sent.key or b"").decode())
        await connection.close()
        return [row["version"] for row in rows]


@pytest.fixture
def letters(hospital: Hospital) -> DeadLetters:
    return DeadLetters(hospital)


async def test_a_letter_is_listed_shown_and_applied_once(letters: DeadLetters):
    sent = good(TOPIC)
    address = await letters.bury(1, sent)

    (listed,) = [
        each for each in await letters.told("list", "--service", "beds") if each["address"] == address
    ]
    assert (listed["state"], listed["reason"]) == ("open", "an earlier release could not read it")
    key = (sent.key or b"").decode()
    _, said, complained = await letters.run("show", address, "--service", "beds")
    assert (key in said, complained) == (False, "")
    code, said, complained = await letters.run("show", address, "--service", "beds", "--record", "--json")
    assert (code, json.loads(said)["record"]["key"]) == (0, key)
    assert "may identify people" in complained

    replayed = await letters.told("replay", address, "--service", "beds")
    assert ([each["state"] for each in replayed["settled"]], replayed["waiting"]) == (["applied"], [])
    assert await letters.placements(sent) == [1]

    code, _, complained = await letters.run("replay", address, "--service", "beds")
    assert (code, "is applied" in complained) == (1, True)
    again = await letters.bury(2, sent)  # the inbox knows its event
    assert (await letters.told("replay", again, "--service", "beds"))["settled"][0]["state"] == "applied"
    assert await letters.placements(sent) == [1]


async def test_what_is_refused_again_stays_open_with_the_new_reason(letters: DeadLetters):
    address = await letters.bury(3, good(TOPIC).told(source=b"/hospital/elsewhere"))

    code, said, _ = await letters.run("replay", address, "--service", "beds")

    assert (code, said.strip()) == (1, f"{address}  refused again: the source does not own this topic")
    assert (await letters.told("show", address, "--service", "beds"))["state"] == "open"


async def test_a_dropped_letter_is_kept_and_can_still_be_replayed(letters: DeadLetters):
    sent = good(TOPIC)
    address = await letters.bury(4, sent)
    drop = ("drop", address, "--service", "beds", "--reason-code", "test_data")

    code, _, complained = await letters.run(*drop, typed="n\n")
    assert (code, "Nothing was dropped" in complained) == (1, True)
    assert (await letters.told("show", address, "--service", "beds"))["state"] == "open"
    (dropped,) = await letters.told(*drop, "--yes")
    assert (dropped["state"], dropped["decided"]["reason_code"]) == ("dropped", "test_data")
    assert dropped["decided"]["by"]
    assert address not in str(await letters.told("list"))
    assert address in str(await letters.told("list", "--state", "dropped"))

    await letters.told("replay", address, "--service", "beds")
    assert await letters.placements(sent) == [1]


async def test_while_the_service_is_away_the_outcome_waits_for_it(hospital: Hospital, letters: DeadLetters):
    sent = good(TOPIC)
    address = await letters.bury(5, sent)
    await asyncio.to_thread(hospital.stack.stop_process, "beds")
    try:
        waiting = await letters.told("replay", address, "--service", "beds", "--wait", "0.5", code=3)
    finally:
        await asyncio.to_thread(hospital.stack.start_process, "beds")

    assert waiting == {"settled": [], "waiting": [address]}

    async def applied() -> bool:
        return await letters.placements(sent) == [1]

    await eventually(applied, within=30)


async def test_people_get_a_table_and_sentences(letters: DeadLetters):
    address = await letters.bury(6, good(TOPIC))
    _, said, _ = await letters.run("list")
    assert address in said
    for arguments, sentence in (
        (("show", "x", "--service", "beds"), "x is not TOPIC/PARTITION/OFFSET"),
        (("show", f"{TOPIC}/99/77", "--service", "beds"), f"beds has no dead letter {TOPIC}/99/77"),
        (("replay", "--service", "beds"), "Name letters, or say --all."),
        (("drop", address, "--service", "beds", "--reason-code", "Mrs Doe"), "one word of small letters"),
    ):
        code, _, complained = await letters.run(*arguments)
        assert code in {1, 2}
        assert sentence in complained
    code, _, complained = await letters.run("list", BEDS_DATABASE_URL="postgresql://x@127.0.0.1:9/x")
    assert (code, "The database of beds does not answer" in complained) == (2, True)
    await letters.told("drop", address, "--service", "beds", "--reason-code", "test_data", "--yes")
