"""Fail points: nothing where none is set, the end of the process at the nth time where one is."""

import os
import signal
import subprocess
import sys

PROGRAM = """
from common import failpoints

after_dinner = failpoints.point("dinner.after")
around = failpoints.around_commit("dinner")
failpoints.check()
for course in range(1, 4):
    print(course, flush=True)
    after_dinner()
"""


def dine(wished: str | None) -> "subprocess.CompletedProcess[str]":
    env = {} if wished is None else {"WARDLINE_FAILPOINT": wished}
    return subprocess.run(
        [sys.executable, "-c", PROGRAM], env=env, capture_output=True, text=True, check=False
    )


def test_without_the_variable_nothing_happens():
    assert dine(None).returncode == 0


def test_the_process_is_killed_at_the_nth_time():
    killed = dine("dinner.after:2")

    assert (killed.returncode, killed.stdout) == (-9, "1\n2\n")
    assert killed.stderr == "fail point dinner.after\n"


def test_it_stands_still_at_the_nth_time_where_that_is_wished():
    env = {"WARDLINE_FAILPOINT": "dinner.after:2:stop"}
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], env=env, stdout=subprocess.PIPE, text=True
    ) as diner:
        _, status = os.waitpid(diner.pid, os.WUNTRACED)
        assert os.WIFSTOPPED(status)
        diner.send_signal(signal.SIGCONT)
        said, _ = diner.communicate(timeout=10)

    assert (diner.returncode, said) == (0, "1\n2\n3\n")


def test_another_point_is_passed_by():
    assert dine("dinner.before_commit:1").returncode == 0


def test_a_misspelt_name_stops_the_start_with_a_sentence():
    for wished in (
        "diner.after:1",
        "dinner.after",
        "dinner.after:0",
        "dinner.after:x",
        "dinner.after:1:doze",
        ":1",
    ):
        refused = dine(wished)
        assert (refused.returncode, refused.stdout) == (1, "")
        assert refused.stderr == (
            f"WARDLINE_FAILPOINT={wished}: say <name>:<nth>, or <name>:<nth>:stop, with nth from 1 and one of these"
            " names, which this process has: dinner.after, dinner.after_commit, dinner.before_commit.\n"
        )
