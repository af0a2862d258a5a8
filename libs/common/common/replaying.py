"""Applying a dead letter after all, once: in the service that buried it, by the same reaction as any other record."""

from collections.abc import Mapping
from typing import Any

import structlog

from common import crypto, dead_letters, failpoints, positions, tracing
from common.applying import Applying, is_of_the_record, reason_of, take_effect
from common.command import repeated
from common.context import Trail, following
from common.db import Database, UnitOfWork
from common.envelope import Unreadable
from common.incoming import Fate, receive
from common.timers import Timer

log = structlog.get_logger()

EVERY_SECONDS = 1.0
_COMMIT = failpoints.around_commit("timer.replay")
_NEVER_HAD = "its bytes could not be read from Kafka"
_KEY_GONE = "the master key that it was kept under is gone"
_NOT_LISTENED_TO = "this service does not listen to its topic any more"


class Replaying:
    """The dead letters of one consumer that somebody wants to be applied."""

    def __init__(self, applying: Applying) -> None:
        self._applying = applying

    def timer(self) -> Timer:
        return Timer(self._applying.consumer, "replay", EVERY_SECONDS, self.replay_wanted)

    async def replay_wanted(self) -> None:
        """Each in a transaction of its own. A letter that is refused again is open again, with the reason.

        Trouble and mistakes of ours hold up no other letter; they are raised at the end, and tried again.
        """
        troubles: list[Exception] = []
        for row in await self._database.read.all(dead_letters.WANTED, of_consumer=self._applying.consumer):
            place = {f"of_{name}": value for name, value in row.items()}
            about = {name: row[name] for name in ("topic", "partition", "record_offset")}
            try:
                if await self._replay(place):
                    log.info("dead_letter_replayed", **about)
            except Exception as error:
                if not is_of_the_record(error):
                    troubles.append(error)
                    continue
                async with self._database.write(around=_COMMIT) as act:
                    await act.run(dead_letters.REFUSE_AGAIN, **place, reason=reason_of(error))
                log.warning("dead_letter_refused_again", **about, reason=reason_of(error))
        if troubles:
            raise ExceptionGroup("replay", troubles)

    @repeated
    async def _replay(self, place: Mapping[str, Any]) -> bool:
        async with self._database.write(around=_COMMIT) as act:
            letter = await act.first(dead_letters.LOCK_WANTED, **place)
            if letter is None:  # another replica has it
                return False
            await self._apply(act, dict(letter))
            await act.run(dead_letters.SETTLE, **place)
        return True

    async def _apply(self, act: UnitOfWork, letter: Mapping[str, Any]) -> None:
        applying = self._applying
        effect = applying.effects.get(letter["topic"])
        if effect is None:
            raise Unreadable(_NOT_LISTENED_TO)
        try:
            record = dead_letters.exhumed(applying.keys, letter)
        except crypto.Unreadable:
            raise Unreadable(_KEY_GONE) from None
        if record is None:
            raise Unreadable(_NEVER_HAD)
        received = receive(record, effect.read)
        if isinstance(received, Fate):
            return
        event = received.event
        trail = Trail(
            event.correlation_id, f"service/{applying.consumer}", event.id, tracing.valid(event.traceparent)
        )
        with following(trail), tracing.processing(applying.consumer, event):
            if await positions.enter(act, applying.consumer, received.identity):
                await take_effect(act, effect, received.said)

    @property
    def _database(self) -> Database:
        return self._applying.database
