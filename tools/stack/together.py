"""Several blocking acts at the same time."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed


def together(*acts: Callable[[], None], on_failure: Callable[[], None] = lambda: None) -> None:
    """Run all acts, each in a thread. The first failure calls `on_failure`, which should make the others end.

    Raises what the first failed act raised, once all have ended.
    """
    with ThreadPoolExecutor(max_workers=len(acts) or 1) as threads:
        running = [threads.submit(act) for act in acts]
        try:
            for done in as_completed(running):
                done.result()
        except BaseException:
            on_failure()
            raise
