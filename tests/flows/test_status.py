"""`wardline status` of a hospital that runs, and of one in which a part is dead."""

import asyncio
import json
import sys
from pathlib import Path
from typing import Any

from tests.support.hospital import Hospital
from tests.support.waiting import eventually

WARDLINE = Path(sys.executable).parent / "wardline"
PARTS = ["postgres", "kafka", "beds", "admissions", "audit", "gateway"]


async def wardline_status(*arguments: str) -> tuple[int | None, str, str]:
    """Its exit code, what it said, and what it complained of."""
    running = await asyncio.create_subprocess_exec(
        *(str(WARDLINE), "status", *arguments),
        env={"COLUMNS": "200"},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    said, complained = await asyncio.wait_for(running.communicate(), 60)
    return running.returncode, said.decode(), complained.decode()


async def of(hospital: Hospital) -> tuple[int | None, dict[str, dict[str, Any]]]:
    code, said, complained = await wardline_status("--json", "--stack", str(hospital.stack.folder))
    assert complained == ""
    told = json.loads(said)
    assert told["state"] == ("ok", "degraded", "down")[code or 0]
    return code, {part["name"]: part for part in told["parts"]}


async def test_all_is_well(hospital: Hospital):
    await hospital.a_department(beds=2)

    async def well() -> dict[str, dict[str, Any]] | None:
        code, parts = await of(hospital)
        return parts if code == 0 and parts["beds"]["outbox"]["waiting"] == 0 else None

    parts = await eventually(well, within=60)

    assert list(parts) == PARTS
    for name in ("beds", "admissions", "audit", "gateway"):
        part = parts[name]
        assert (part["state"], part["relay_active"], part["dead_letters"]) == ("ok", True, 0)
        assert part["version"]
        assert 0 < part["age_s"] < 3600
    assert parts["beds"]["details"]["beds"]["available"] >= 2
    assert parts["admissions"]["details"]["unanswered_wants"] == 0


async def test_people_get_a_table(hospital: Hospital):
    _, said, complained = await wardline_status("--stack", str(hospital.stack.folder))

    assert complained == ""
    title, *rows = said.splitlines()
    assert title.split()[:2] == ["part", "state"]
    assert [row.split()[0] for row in rows] == PARTS


async def test_of_a_dead_part_its_database_tells_what_waits_for_it(hospital: Hospital):
    """Beds is killed: it is down, and what admissions wants of it piles up."""
    ward = await hospital.a_department(beds=1)
    await hospital.an_admission(ward)
    await asyncio.to_thread(hospital.stack.kill, "beds")
    try:
        for _ in range(2):
            await hospital.an_admission(ward, wait=0)

        async def piled_up() -> dict[str, dict[str, Any]] | None:
            code, parts = await of(hospital)
            assert code == 2
            return parts if (parts["beds"]["lag"] or 0) >= 2 else None

        parts = await eventually(piled_up, within=60)
        assert parts["beds"]["state"] == "down"
        assert parts["beds"]["outbox"]["waiting"] >= 0
        assert parts["beds"]["version"] is None
        assert {parts[name]["state"] for name in ("postgres", "kafka", "gateway")} == {"ok"}
    finally:
        await asyncio.to_thread(hospital.stack.start_process, "beds")


async def test_a_replica_is_named_by_its_address(hospital: Hospital):
    url = hospital.stack.url("audit")
    code, said, _ = await wardline_status("--json", "--stack", "/nowhere", "--process", f"audit={url}")

    (part,) = json.loads(said)["parts"]
    assert (code, part["name"], part["state"]) == (0, "audit", "ok")


async def test_where_nothing_is_known_it_says_what_to_do():
    code, said, complained = await wardline_status("--stack", "/nowhere")
    assert (code, said) == (3, "")
    assert "Start one with make run" in complained

    code, _, complained = await wardline_status("--process", "beds")
    assert (code, complained) == (3, "beds is not NAME=URL, such as beds=http://10.0.0.7:8081\n")
