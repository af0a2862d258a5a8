"""How long whoever has failed waits before the next try."""

import random

_FIRST_SECONDS = 0.1
_MOST_DOUBLINGS = 20


def pause_after(failures: int, *, longest: float) -> float:
    """Seconds: twice as many after each failure up to `longest`, and by chance up to half of them less.

    Chance keeps replicas that failed together from coming back together.
    """
    doubled = _FIRST_SECONDS * 2.0 ** min(failures, _MOST_DOUBLINGS)
    return min(longest, doubled) * random.uniform(0.5, 1)
