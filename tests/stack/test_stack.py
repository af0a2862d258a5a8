"""What stands in the way of a stack is told in one sentence, and nothing is left running."""

import socket
from pathlib import Path

import pytest

from common.embedded import ProcessFailed
from tools.stack.programs import Program
from tools.stack.refusals import AlreadyRunning, PortTaken
from tools.stack.stack import Stack

PROGRAMS = Path(__file__).parent / "programs"


@pytest.fixture
def a_stack(tmp_path, monkeypatch):
    """Makes stacks of one program that needs no database; Kafka is said to be elsewhere, so none starts."""
    monkeypatch.setenv("KAFKA_BOOTSTRAP_SERVERS", "127.0.0.1:1")
    stacks = []

    def make(**options) -> Stack:
        environment = {"PYTHONPATH": str(PROGRAMS)} | options.pop("environment", {})
        program = Program("fake", "answering")
        stacks.append(Stack(tmp_path, programs=[program], extra={"fake": environment}, **options))
        return stacks[-1]

    yield make
    for stack in stacks:
        stack.stop()


def test_a_second_stack_in_the_same_folder_is_refused(a_stack, tmp_path):
    a_stack().start()
    with pytest.raises(AlreadyRunning, match=f"already runs from {tmp_path}"):
        a_stack().start()


def test_a_stopped_stack_can_be_started_again(a_stack):
    stack = a_stack()
    stack.start()
    stack.stop()

    stack.start()

    assert stack.process("fake").alive()


def test_a_taken_port_is_named(a_stack):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        with pytest.raises(PortTaken, match=f"Port {port} is taken"):
            a_stack(gateway_port=port).start()


def test_a_program_that_does_not_start_is_named_with_its_last_words(a_stack):
    with pytest.raises(ProcessFailed, match="fake ended with exit code 1; its last words were “no key”"):
        a_stack(environment={"LAST_WORDS": "no key"}).start()


def test_a_killed_program_is_a_death_and_can_be_started_again(a_stack):
    stack = a_stack()
    stack.start()
    stack.kill("fake")
    assert "fake was ended by SIGKILL" in (stack.first_death() or "")

    stack.start_process("fake")

    assert stack.first_death() is None


def test_secrets_are_kept_and_closed(a_stack):
    first, second = a_stack(), a_stack()
    assert first.secrets.password("admin") == second.secrets.password("admin")
    assert first.secrets.token_public_key() == second.secrets.token_public_key()
    assert all(file.stat().st_mode & 0o077 == 0 for file in (first.folder / "secrets").iterdir())
