"""Settings from the environment."""

import base64

import pytest
from pydantic_settings import SettingsConfigDict

from common.settings import ServiceSettings, load
from common.testing import a_keyset


class ToySettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="TOY_")


COMPLETE = {
    "TOY_PORT": "8001",
    "TOY_DATABASE_URL": "postgresql://toy:secret@127.0.0.1/toy",
    "TOY_MASTER_KEYSET": a_keyset(),
    "TOY_INDEX_KEY": base64.urlsafe_b64encode(b"k" * 32).decode().rstrip("="),
    "KAFKA_BOOTSTRAP_SERVERS": "127.0.0.1:9092",
    "WARDLINE_TOKEN_PUBLIC_KEY": "{}",
}


@pytest.fixture
def environment(monkeypatch):
    for name, value in COMPLETE.items():
        monkeypatch.setenv(name, value)
    return monkeypatch


def test_settings_come_from_the_environment(environment):
    settings = load(ToySettings)

    assert (settings.port, settings.index_key, settings.kafka_bootstrap_servers) == (
        8001,
        b"k" * 32,
        "127.0.0.1:9092",
    )


@pytest.mark.parametrize("missing", COMPLETE)
def test_a_missing_variable_stops_the_start_with_one_sentence_that_names_it(environment, missing: str):
    environment.delenv(missing)

    with pytest.raises(SystemExit) as stopped:
        load(ToySettings)

    assert stopped.value.code == f"ToySettings: set {missing} in the environment (missing or not valid)."


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("TOY_INDEX_KEY", "c2hvcnQ"),
        ("TOY_INDEX_KEY", "!"),
        ("TOY_INDEX_KEY", "ä"),
        ("TOY_MASTER_KEYSET", "{}"),
        ("TOY_MASTER_KEYSET", '{"primaryKeyId": 1, "key": "secret"}'),  # Tink's own error quotes it
        ("TOY_PORT", "secret"),
        ("KAFKA_PARTITIONS", "secret"),
    ],
)
def test_a_value_that_is_not_valid_is_named_and_not_repeated(environment, name: str, value: str):
    environment.setenv(name, value)

    with pytest.raises(SystemExit) as stopped:
        load(ToySettings)

    assert stopped.value.code == f"ToySettings: set {name} in the environment (missing or not valid)."


def test_secrets_do_not_show(environment):
    text = repr(load(ToySettings))

    assert "secret" not in text
    assert "kkkk" not in text
