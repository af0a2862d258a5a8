"""Reading the log: one statement per set of filters, so that each has a plan of its own and meets its index."""

from collections.abc import Mapping
from functools import cache
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import UUID

from audit.models import entry, entry_patient
from common.paging import Listing
from common.statements import Statement

_shown = sa.select(
    entry.c.position,
    entry.c.position.label("index"),
    *(column for column in entry.c if column.key not in {"position", "event_id"}),
)


def _equals(column: "sa.Column[Any]", name: str) -> "sa.ColumnElement[bool]":
    return column == sa.bindparam(name, type_=column.type)


#: The filters by name; each takes the parameter of its name.
FILTERS: Mapping[str, "sa.ColumnElement[bool]"] = {
    "actor": _equals(entry.c.actor, "actor"),
    "action": _equals(entry.c.action, "action"),
    "entity_type": _equals(entry.c.entity_type, "entity_type"),
    "entity_id": _equals(entry.c.entity_id, "entity_id"),
    "outcome": _equals(entry.c.outcome, "outcome"),
    "correlation_id": _equals(entry.c.correlation_id, "correlation_id"),
    "since": entry.c.occurred_at >= sa.bindparam("since", type_=entry.c.occurred_at.type),
    "until": entry.c.occurred_at < sa.bindparam("until", type_=entry.c.occurred_at.type),
    "patient_id": entry.c.position.in_(
        sa.select(entry_patient.c.position).where(
            entry_patient.c.patient_id == sa.bindparam("patient_id", type_=UUID)
        )
    ),
}

ENTRY = Statement(_shown.where(entry.c.position == sa.bindparam("at", type_=sa.BigInteger)))


@cache
def entries(given: frozenset[str]) -> Listing:
    """The list under these filters, newest first."""
    return Listing(
        _shown.where(*(FILTERS[name] for name in sorted(given))),
        key=entry.c.position,
        orders={"index": entry.c.position},
        default="-index",
    )
