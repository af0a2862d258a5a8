"""A command: one use case, one transaction, at most once per Idempotency-Key, repeated when Postgres asks for it."""

from collections.abc import Awaitable, Callable
from functools import wraps
from typing import Concatenate, ParamSpec

from common import failpoints, idempotency, tracing
from common.db import Database, Reader, UnitOfWork
from common.idempotency import Demand, KeyReused, Outcome
from common.retrying import REPEATABLE, retry
from common.tracing import Kind

P = ParamSpec("P")

_COMMIT = failpoints.around_commit("command")
_BEFORE_ANSWER = failpoints.point("command.before_answer")
repeated = retry(on=REPEATABLE, attempts=3, timeout=5, wait_initial=0.01, wait_max=0.2)


def command(
    handler: Callable[Concatenate[UnitOfWork, P], Awaitable[Outcome]],
) -> Callable[Concatenate[Database, Demand, P], Awaitable[Outcome]]:
    """Makes a use case that is called with a database and a demand, and that has committed when it answers.

    A twin under the same key gets the outcome of the first. The handler sees the open transaction only.
    """

    @repeated
    @wraps(handler)
    async def run(database: Database, demand: Demand, /, *args: P.args, **kwargs: P.kwargs) -> Outcome:
        with tracing.span(Kind.INTERNAL, handler.__name__):
            async with database.write(demand, around=_COMMIT) as act:
                if demand.key is not None and (earlier := await _claim(act, demand)):
                    return earlier
                outcome = await handler(act, *args, **kwargs)
                act.settle(outcome)
            _BEFORE_ANSWER()
        return outcome

    return run


async def _claim(act: UnitOfWork, demand: Demand) -> Outcome | None:
    if await act.value(idempotency.CLAIM, of_user=demand.user_id, of_key=demand.key, digest=demand.digest):
        return None
    if (earlier := await recall(act, demand)) is None:
        raise KeyReused
    return earlier


async def recall(reader: Reader, demand: Demand) -> Outcome | None:
    """The committed outcome of an earlier twin; None where there is none. Raises `KeyReused`."""
    if demand.key is None:
        return None
    earlier = await reader.first(idempotency.RECALL, of_user=demand.user_id, of_key=demand.key)
    if earlier is None:
        return None
    if earlier["digest"] != demand.digest:
        raise KeyReused
    return Outcome(earlier["status"], earlier["resource"])
