"""The committed contracts are those of the code, and a change of either without the other is noticed."""

import shutil
from pathlib import Path

import pytest

from tools.contracts.__main__ import main
from tools.contracts.checkout import RELEASED, complaints, generate, release, schemas
from tools.contracts.examples import examples
from tools.contracts.files import EVENTS, PAGE, STATES, Files, NoExample, files

ROOT = Path(__file__).parents[2]
HELD = EVENTS / "hospital.beds.bed.held.v1.json"


@pytest.fixture(scope="module")
def made() -> Files:
    return files(examples())


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A copy of what is committed."""
    shutil.copytree(ROOT / "contracts", tmp_path / "contracts", ignore=shutil.ignore_patterns("node_modules"))
    (tmp_path / PAGE).parent.mkdir()
    for page in (PAGE, STATES):
        shutil.copy(ROOT / page, tmp_path / page)
    return tmp_path


def test_what_is_committed_is_current(checkout: Path, made: Files):
    assert complaints(checkout, made) == []


def test_each_file_that_is_stale_or_left_over_is_named(checkout: Path, made: Files):
    (checkout / HELD).write_text((checkout / HELD).read_text().replace("held_until", "held_till"))
    (checkout / PAGE).unlink()
    (checkout / STATES).write_text((checkout / STATES).read_text().replace("dirty --> cleaning", ""))
    (checkout / EVENTS / "hospital.beds.bed.painted.v1.json").write_text("{}")
    assert [complaint.partition(" ")[0] for complaint in complaints(checkout, made)[:4]] == [
        str(HELD),
        str(PAGE),
        str(STATES),
        str(EVENTS / "hospital.beds.bed.painted.v1.json"),
    ]


def test_the_check_fails_and_says_why(checkout: Path, capsys: pytest.CaptureFixture[str]):
    assert main("check", checkout) == 0
    shutil.copy(checkout / HELD, checkout / RELEASED / "hospital.beds.bed.painted.v1.json")
    (checkout / PAGE).unlink()
    assert main("check", checkout) == 1
    stale, gone = capsys.readouterr().err.splitlines()
    assert stale.startswith(str(PAGE))
    assert gone == "The type hospital.beds.bed.painted.v1 is gone."


def test_generating_mends_them(checkout: Path, made: Files):
    shutil.rmtree(checkout / EVENTS)
    (checkout / EVENTS).mkdir()
    (checkout / EVENTS / "hospital.beds.bed.painted.v1.json").write_text("{}")
    generate(checkout, made)
    assert complaints(checkout, made) == []


def test_the_same_comes_out_each_time(made: Files):
    assert files(examples()) == made


def test_a_broken_promise_is_a_complaint_until_it_is_released(checkout: Path, made: Files):
    shutil.copy(checkout / HELD, checkout / RELEASED / "hospital.beds.bed.painted.v1.json")
    assert complaints(checkout, made) == ["The type hospital.beds.bed.painted.v1 is gone."]
    release(checkout)
    assert complaints(checkout, made) == []
    assert schemas(checkout / RELEASED) == schemas(checkout / EVENTS)


def test_a_type_without_an_example_is_named():
    told = dict(examples())
    del told["hospital.beds.bed.held.v1"]
    with pytest.raises(NoExample, match=r"^hospital\.beds\.bed\.held\.v1: add an example in tools/contracts"):
        files(told)
