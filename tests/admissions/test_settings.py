"""The search keys come numbered; what is wrong with them is said without them."""

import base64

import pytest

from admissions.settings import AdmissionsSettings
from common.crypto import KeyedIndex
from common.settings import load
from common.testing import a_keyset

KEY = base64.urlsafe_b64encode(b"s" * 32).decode()


@pytest.fixture
def environment(monkeypatch):
    for name, value in {
        "ADMISSIONS_PORT": "8001",
        "ADMISSIONS_DATABASE_URL": "postgresql://admissions@127.0.0.1/admissions",
        "ADMISSIONS_MASTER_KEYSET": a_keyset(),
        "ADMISSIONS_INDEX_KEY": KEY,
        "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
        "WARDLINE_TOKEN_PUBLIC_KEY": "{}",
    }.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


@pytest.mark.parametrize("given", [None, f"1:{KEY}"])
def test_the_first_search_key_is_the_index_key(environment, given: str | None):
    if given:
        environment.setenv("ADMISSIONS_SEARCH_KEYS", given)
    indexes = load(AdmissionsSettings).indexes()

    assert list(indexes) == [1]
    assert indexes[1].digest("patient.mrn", "M-1") == KeyedIndex(b"s" * 32).digest("patient.mrn", "M-1")


@pytest.mark.parametrize(
    "wrong", [KEY, f"0:{KEY}", f"1:{KEY[:-9]}", f"1:{KEY},2:{KEY},3:{KEY}", f"one:{KEY}", "1:ä"]
)
def test_search_keys_that_are_not_valid_are_named_and_not_repeated(environment, wrong: str):
    environment.setenv("ADMISSIONS_SEARCH_KEYS", wrong)

    with pytest.raises(SystemExit) as stopped:
        load(AdmissionsSettings)

    assert stopped.value.code == (
        "AdmissionsSettings: set ADMISSIONS_SEARCH_KEYS in the environment (missing or not valid)."
    )
