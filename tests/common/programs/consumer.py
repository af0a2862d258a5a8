"""A consumer in a process of its own, which stops inside the transaction of version 13: SERVICE URL BOOTSTRAP."""

import asyncio
import sys

from common.applying import Applying, Reaction
from common.consuming import Consuming
from common.db import UnitOfWork
from common.envelope import Received
from common.logs import configure_logs
from tests.common.toy import KEYS, hear, opened, read_counter, topic_of


async def hear_and_stop(act: UnitOfWork, event: Received) -> None:
    await hear(act, event)
    if event.version == 13:
        print("inside")
        while True:
            await act.connection.fetchval("SELECT pg_sleep(1)")


async def main() -> None:
    service, url, bootstrap = sys.argv[1:]
    async with opened(url) as database:
        applying = Applying(
            service, database, KEYS, {topic_of(service).events: Reaction(read_counter, hear_and_stop)}
        )
        async with Consuming(bootstrap, applying).running():
            await asyncio.Event().wait()


if __name__ == "__main__":
    configure_logs("consumer")
    asyncio.run(main())
