"""Keys where an installation in containers has them, in its environment file; complaints never quote one."""

from pathlib import Path

import pytest
from dotenv import dotenv_values

from tools.deployment import write_secrets
from tools.keys.kept import KeptKeys
from tools.keys.steps import STEPS, NoKeys, NotYet, master_keys, search_keys

OWN = "# what we added\nWARDLINE_PORT=8443\nexport KAFKA_REPLICATION=3\n"
VARIABLES = {"master": "ADMISSIONS_MASTER_KEYSET", "search": "ADMISSIONS_SEARCH_KEYS"}


@pytest.fixture
def env(tmp_path: Path) -> Path:
    file = tmp_path / ".env"
    write_secrets(file)
    with file.open("a") as lines:
        lines.write(OWN)
    return file


def step(env: Path, which: str, name: str) -> str:
    kept = KeptKeys(env)
    kept.write(which, STEPS[which][name](kept.read(which)))
    return kept.read(which)


@pytest.mark.parametrize("which", VARIABLES)
def test_a_step_changes_one_line_and_leaves_the_file_closed(env: Path, which: str):
    before = env.read_text()
    after = step(env, which, "add")

    assert dotenv_values(env)[VARIABLES[which]] == after
    pairs = zip(before.splitlines(), env.read_text().splitlines(), strict=True)
    (changed,) = [new for old, new in pairs if old != new]
    assert changed.startswith(f"{VARIABLES[which]}=")
    assert env.stat().st_mode & 0o077 == 0


def test_a_master_key_is_replaced_in_three_steps(env: Path):
    old, _ = master_keys(KeptKeys(env).read("master"))
    assert master_keys(step(env, "master", "add"))[0] == old
    new, keys = master_keys(step(env, "master", "promote"))
    assert [key["keyId"] for key in keys] == [old, new]
    assert [key["keyId"] for key in master_keys(step(env, "master", "drop"))[1]] == [new]


def test_a_search_key_is_replaced_in_two_steps(env: Path):
    assert list(search_keys(step(env, "search", "add"))) == [1, 2]
    assert list(search_keys(step(env, "search", "drop"))) == [2]
    assert list(search_keys(step(env, "search", "add"))) == [2, 3]


def test_no_step_is_taken_before_the_one_that_it_needs(env: Path):
    for which, name in (("master", "promote"), ("master", "drop"), ("search", "drop")):
        with pytest.raises(NotYet, match="add"):
            step(env, which, name)
    for which in VARIABLES:
        step(env, which, "add")
        with pytest.raises(NotYet, match="two"):
            step(env, which, "add")


def test_a_file_from_before_search_keys_is_told_what_to_add(env: Path):
    lines = [line for line in env.read_text().splitlines() if "SEARCH_KEYS" not in line]
    env.write_text("\n".join(lines))
    with pytest.raises(NoKeys, match=r"add the line ADMISSIONS_SEARCH_KEYS='1:.*ADMISSIONS_INDEX_KEY"):
        step(env, "search", "add")


@pytest.mark.parametrize(
    ("which", "wrong"),
    [
        ("master", "hush"),
        ("master", '{"primaryKeyId": 1, "key": "hush"}'),
        ("master", '{"primaryKeyId": 1, "key": [{"keyId": 2, "keyData": "hush"}]}'),
        ("search", "hush"),
        ("search", "1:hush"),
        ("search", "1:hush,"),
    ],
)
def test_what_is_no_key_is_refused_and_not_quoted(env: Path, which: str, wrong: str):
    KeptKeys(env).write(which, wrong)
    with pytest.raises(NoKeys) as refused:
        step(env, which, "add")
    assert "hush" not in str(refused.value)


def test_a_value_over_several_lines_is_not_cut(env: Path):
    name = VARIABLES["master"]
    env.write_text(env.read_text().replace(f"{name}='{{", f"{name}='{{\n"))
    before = env.read_text()
    with pytest.raises(NoKeys, match="one line"):
        step(env, "master", "add")
    assert env.read_text() == before
