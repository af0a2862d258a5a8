"""Identifiers: UUIDv7, so that keys grow with time and say nothing else."""

import time
from uuid import UUID

from uuid_utils.compat import uuid7


def new_id() -> UUID:
    """A fresh UUIDv7 (RFC 9562)."""
    return uuid7()


def age_of(made: UUID) -> float | None:
    """Seconds since this UUIDv7 was made, by the clock of who made it; None for ids of another version."""
    return time.time() - (made.int >> 80) / 1000 if made.version == 7 else None
