"""Idempotency: one key of one user has one effect, also when both requests are in flight (contract §1)."""

import hmac
from dataclasses import dataclass
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, UUID as Uuid, insert

from common.errors import PreconditionFailed, Refusal
from common.statements import Statement

KEEP_DAYS = 7


class KeyReused(Refusal):
    status, code = 422, "idempotency_key_reused"
    sentence = "This Idempotency-Key was used for another request. Use a fresh key for a new intention."


class Outcome(NamedTuple):
    """What an act came to: the status of its answer and the resource that the answer shows, as it is then."""

    status: int
    resource: UUID


@dataclass(frozen=True, slots=True)
class Demand:
    """What a request asks of the act beside its content: once only, and only if unchanged."""

    user_id: UUID | None = None
    key: str | None = None
    digest: bytes = b""
    if_match: str | None = None

    def expect(self, tag: str) -> None:
        """Called with the present tag once the row is locked. Raises `PreconditionFailed`."""
        if self.if_match not in (None, "*", tag):
            raise PreconditionFailed(etag=tag)


#: What timers and consumers ask: nothing.
UNCONDITIONAL = Demand()


def digest(secret: bytes, method: str, path: str, body: bytes) -> bytes:
    """Keyed, since a plain hash of a small body could be searched for the person in it."""
    return hmac.digest(secret, b"\n".join((method.encode(), path.encode(), body)), sha256)


def idempotency_table(metadata: sa.MetaData) -> sa.Table:
    return sa.Table(
        "idempotency",
        metadata,
        sa.Column("user_id", Uuid, primary_key=True),
        sa.Column("key", sa.Text, primary_key=True),
        sa.Column("digest", BYTEA, nullable=False),
        sa.Column("status", sa.Integer),
        sa.Column("resource", Uuid),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
        ),
    )


_table = idempotency_table(sa.MetaData())
_this = (_table.c.user_id == sa.bindparam("of_user"), _table.c.key == sa.bindparam("of_key"))

#: First statement of the act: a twin in flight waits here until the first has committed or given up.
CLAIM = Statement(
    insert(_table)
    .values(
        user_id=sa.bindparam("of_user"),
        key=sa.bindparam("of_key"),
        digest=sa.bindparam("digest", type_=BYTEA),
    )
    .on_conflict_do_nothing()
    .returning(sa.true().label("claimed"))
)
RECALL = Statement(sa.select(_table.c.digest, _table.c.status, _table.c.resource).where(*_this))
settle = (
    sa.update(_table)
    .where(*_this)
    .values(status=sa.bindparam("status"), resource=sa.bindparam("resource", type_=Uuid))
)
SETTLE = Statement(settle)
FORGET = Statement(
    sa.delete(_table).where(_table.c.created_at < sa.func.now() - sa.text(f"interval '{KEEP_DAYS} days'"))
)
