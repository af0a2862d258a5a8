"""Child processes: they do not outlive their parent, and their end is told in a sentence."""

import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from common.embedded import Process, ProcessFailed

PARENT = Path(__file__).parent / "programs" / "parent.py"


def a_process(folder: Path, name: str = "child") -> Process:
    return Process(name, log=folder / "child.log", pid_file=folder / "child.pid", stop_seconds=0.5)


def a_killed_parent(folder: Path) -> psutil.Process:
    """Starts a parent with a child and kills the parent; what comes back is the child."""
    with subprocess.Popen(
        [sys.executable, str(PARENT), str(folder)], stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        child = psutil.Process(int(parent.stdout.readline()))
        parent.kill()
    return child


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells children of a parent's death")
def test_a_child_ends_with_its_killed_parent(tmp_path):
    child = a_killed_parent(tmp_path)

    psutil.wait_procs([child], timeout=5)

    assert not child.is_running()


def test_a_leftover_of_a_killed_parent_is_ended_before_the_next_start(tmp_path):
    leftover = psutil.Popen(["/bin/sleep", "60"])
    (tmp_path / "child.pid").write_text(f"{leftover.pid} {leftover.create_time()}")
    child = a_process(tmp_path)

    child.launch(["/bin/sleep", "60"])

    assert not leftover.is_running()
    assert child.alive()
    child.stop()


def test_a_process_that_only_got_the_leftovers_number_is_left_alone(tmp_path):
    stranger = subprocess.Popen(["/bin/sleep", "60"])
    (tmp_path / "child.pid").write_text(f"{stranger.pid} 12345.0")
    child = a_process(tmp_path)

    child.launch(["/bin/true"])

    assert stranger.poll() is None
    stranger.kill()
    stranger.wait()
    child.stop()


def test_a_stop_is_bounded(tmp_path):
    child = a_process(tmp_path)
    child.launch(["/bin/sh", "-c", "trap '' TERM; echo deaf; while true; do sleep 0.1; done"])
    child.wait_until(lambda: "deaf" in child.log.read_text(), seconds=5)

    child.stop()

    assert not child.alive()


def test_a_death_is_told_with_the_last_words_and_the_log(tmp_path):
    child = a_process(tmp_path, name="beds")
    child.launch(["/bin/sh", "-c", "echo no bed left >&2; exit 3"])

    with pytest.raises(ProcessFailed) as failure:
        child.wait_until(lambda: False, seconds=5)

    assert str(failure.value) == (
        f"beds ended with exit code 3; its last words were “no bed left”; its log is {child.log}."
    )


def test_a_stopped_process_has_not_died_and_a_killed_one_has(tmp_path):
    child = a_process(tmp_path)
    child.launch(["/bin/sleep", "60"])
    child.stop()
    assert not child.has_died()

    child.launch(["/bin/sleep", "60"])
    child.kill()
    assert child.has_died()
    child.stop()
