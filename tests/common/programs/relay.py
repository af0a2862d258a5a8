"""A relay in a process of its own: SERVICE URL BOOTSTRAP."""

import asyncio
import sys

from common.logs import configure_logs
from common.relay import Relay
from tests.support.waiting import eventually


async def main() -> None:
    service, url, bootstrap = sys.argv[1:]
    relay = Relay(service, url, bootstrap)
    running = asyncio.create_task(relay.run())
    await eventually(relay.is_active, within=60)
    print("active")
    await running


if __name__ == "__main__":
    configure_logs("relay")
    asyncio.run(main())
