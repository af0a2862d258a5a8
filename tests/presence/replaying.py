"""What the topics told of a world, put together again by somebody who knows nothing else."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import orjson

from tests.presence.world import World, over_by
from tests.support.books import TABLES
from tests.support.retelling import Row, Told, differences, past

_TOLD = """SELECT events_topic, key, type, version, value FROM outbox
  WHERE position > $1 AND events_topic IS NOT NULL ORDER BY position"""
#: The tables of each service that are held against what was told, and by which column their rows are of a world.
_KEPT = {
    "beds": {
        **dict.fromkeys(("placement", "transfer", "movement"), "admission_id"),
        **dict.fromkeys(("cleaning_job", "bed_step", "occupancy", "reservation"), "bed_id"),
        "bed": "id",
    },
    "admissions": {"admission": "id", "patient": "id"},
}


async def assert_rebuilt(world: World) -> None:
    """Board, occupancy and movements follow from the topics alone, to the moment."""
    wrong = [complaint for service in _KEPT for complaint in await _complaints(world, service)]
    assert not wrong, "\n".join(wrong)


async def _complaints(world: World, service: str) -> list[str]:
    tables, told = await _tables(world, service), await _told(world, service)
    wrong = [] if service != "beds" else [*past(tables, told["placement"], told["bed"])]
    for aggregate, (of, table, key) in TABLES.items():
        if of == service and table in tables:
            rows = {str(row[key]): row for row in tables[table]}
            last = {one: events[-1].payload for one, events in told[aggregate.split(".")[-1]].items()}
            wrong += differences(rows, last)
    return wrong


async def _tables(world: World, service: str) -> dict[str, list[Row]]:
    ids = [*world.beds, *world.admissions, *world.patients]
    return {
        table: await world.databases[service].fetch(f"SELECT * FROM {table} WHERE {column} = ANY ($1)", ids)
        for table, column in _KEPT[service].items()
    }


async def _told(world: World, service: str) -> dict[str, dict[str, list[Told]]]:
    """The events of each aggregate, by its kind and key, in their order."""
    told: dict[str, dict[str, list[Told]]] = defaultdict(lambda: defaultdict(list))
    for row in await world.databases[service].fetch(_TOLD, world.begun_at[service]):
        _, _, aggregate, what, _ = row["type"].split(".")
        payload = orjson.loads(row["value"]) | {"version": row["version"]}
        told[aggregate][str(row["key"])].append(Told(what, _in_time(world, payload)))
    return told


def _in_time(world: World, payload: Mapping[str, Any]) -> Mapping[str, Any]:
    """As time has passed in this world, which moves holds and reservations without a word."""
    payload = {name: value for name, value in payload.items() if name not in ("starts_at", "ends_at")}
    for end in world.lapsed_at:
        if "held_until" in payload and datetime.fromisoformat(payload["changed_at"]) <= end:
            payload = over_by(payload, end)
    return payload
