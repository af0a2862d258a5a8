"""`python -m tools.seed`: loads the demo hospital into the Wardline at WARDLINE_URL."""

import asyncio
import os
import sys

from aiohttp import ClientError
from rich.console import Console

from tools.seed.client import Refused
from tools.seed.loading import load
from tools.seed.showing import summary
from tools.stack.steps import Steps

_VARIABLES = ("WARDLINE_URL", "WARDLINE_ADMIN_PASSWORD", "WARDLINE_DEMO_PASSWORD")


def main() -> None:
    console = Console()
    if missing := [name for name in _VARIABLES if not os.environ.get(name)]:
        sys.exit(f"Set {', '.join(missing)} in the environment.")
    url, admin, demo = (os.environ[name] for name in _VARIABLES)
    try:
        report = asyncio.run(load(url, admin, demo, step=Steps(console)))
    except (Refused, ClientError, TimeoutError) as failure:
        sys.exit(f"The demo hospital could not be loaded: {failure}")
    console.print(summary(report), highlight=False)


if __name__ == "__main__":
    main()
