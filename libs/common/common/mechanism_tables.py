"""The tables that the mechanisms need in the database of every service."""

import sqlalchemy as sa

from common.dead_letters import dead_letter_table
from common.idempotency import idempotency_table
from common.outbox import outbox_tables
from common.positions import consuming_tables


def add_mechanism_tables(metadata: sa.MetaData) -> None:
    """Declares outbox, idempotency, consumer positions, inbox and dead letters in a service's metadata."""
    outbox_tables(metadata)
    idempotency_table(metadata)
    consuming_tables(metadata)
    dead_letter_table(metadata)
