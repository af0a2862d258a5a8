"""Which process dies where: every fail point of a hospital, several processes and deaths in each round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

Round = Mapping[str, Sequence[str]]
"""The fail points at which each process dies in this round, one after the other."""

COMMAND = ("command.before_commit", "command.after_commit", "command.before_answer")
_ACCESS = ("access.before_commit", "access.after_commit")
_RELAY = ("relay.numbered", "relay.sending", "relay.sent", "relay.acknowledged", "relay.marked")
_CONSUME = (
    "consume.before_effect",
    "consume.before_commit",
    "consume.after_commit",
    "consume.before_group_commit",
    "consume.after_group_commit",
    "bury.before_commit",
    "bury.after_commit",
)


def _timer(name: str) -> tuple[str, str]:
    return f"timer.{name}.before_commit", f"timer.{name}.after_commit"


#: Every fail point that a process comes to in such a day. Audit has no consumer and no commands.
REACHED: Mapping[str, tuple[str, ...]] = {
    "beds": (
        *COMMAND,
        *_ACCESS,
        *_RELAY,
        *_CONSUME,
        *_timer("replay"),  # of what was buried just before
        *_timer("repair"),
        *_timer("housekeeping"),
        *_timer("queue"),
        *_timer("reservations"),
        *_timer("hold_sweep"),  # last: the minute of the first holds and of the first target must be over
        *_timer("cleaning_targets"),
    ),
    "admissions": (
        *COMMAND,
        *_ACCESS,
        *_RELAY,
        *_CONSUME,
        *_timer("replay"),  # of what was buried just before
        *_timer("repair"),
        *_timer("housekeeping"),
        *_timer("key_rotation"),
    ),
    "audit": (
        "ingest.before_commit",
        "ingest.after_commit",
        *_ACCESS,
        *_RELAY,
        *_timer("log_partitions"),
        *_timer("housekeeping"),
    ),
    "gateway": (
        *COMMAND,
        *_ACCESS,
        "sign_in.before_commit",
        "sign_in.after_commit",
        *_RELAY,
        *_CONSUME,
        *_timer("replay"),  # of what was buried just before
        *_timer("sessions"),
        *_timer("housekeeping"),
    ),
}

#: The short form, for every run of the tests: what the processes share is shared out between them.
_SHORT: Sequence[Round] = (
    {
        "beds": ("command.before_commit", "command.after_commit", "relay.sent"),
        "admissions": ("relay.acknowledged", "consume.before_effect", "consume.before_commit"),
        "audit": ("ingest.before_commit", "ingest.after_commit"),
        "gateway": ("consume.before_commit", "consume.after_commit"),
    },
    {
        "beds": ("consume.after_commit", *_timer("queue"), *_timer("reservations")),
        "admissions": (
            "command.before_answer",
            "relay.numbered",
            "consume.before_group_commit",
            *_timer("key_rotation"),
        ),
        "audit": _timer("log_partitions"),
    },
    {
        "beds": ("bury.before_commit", "consume.after_group_commit", "timer.repair.before_commit"),
        "admissions": ("bury.after_commit", "timer.repair.after_commit", "access.after_commit"),
        "gateway": ("sign_in.before_commit", "timer.housekeeping.before_commit", "relay.sending"),
    },
    {
        "beds": (*_timer("hold_sweep"), *_timer("cleaning_targets")),
        "admissions": (
            "access.before_commit",
            "relay.marked",
            "timer.housekeeping.after_commit",
            *_timer("replay"),
        ),
        "gateway": ("sign_in.after_commit", *_timer("sessions")),
    },
)


def rounds(*, every: bool) -> list[Round]:
    """`every`: each process at each point. Otherwise each point somewhere."""
    if not every:
        return list(_SHORT)
    longest = max(map(len, REACHED.values()))
    return [
        {process: points[n : n + 1] for process, points in REACHED.items() if n < len(points)}
        for n in range(longest)
    ]
