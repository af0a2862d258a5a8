"""The migrations of a program are one line: no two with one number, none that is passed over."""

from pathlib import Path

import pytest
from alembic.script import ScriptDirectory

from common.migrations import configuration
from tools.stack.programs import PROGRAMS


@pytest.mark.parametrize("name", [program.name for program in PROGRAMS])
def test_every_file_follows_the_one_before_it(name: str):
    scripts = ScriptDirectory.from_config(configuration(name, "postgresql://nowhere/none"))
    steps = reversed(list(scripts.walk_revisions()))
    (folder,) = map(Path, scripts.version_locations or ())

    assert [Path(step.path).name for step in steps] == sorted(file.name for file in folder.glob("*.py"))
