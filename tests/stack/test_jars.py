"""Kafka's jars are the locked ones or none."""

import pytest

from common.embedded import ProcessFailed, jars


def test_half_a_jar_is_fetched_again():
    jar = jars.kafka_jars()[0]
    whole = jar.read_bytes()
    jar.write_bytes(whole[:100])

    jars.kafka_jars()

    assert jar.read_bytes() == whole


def test_a_jar_that_is_not_the_locked_one_is_refused(tmp_path, monkeypatch):
    name = jars._LOCK.read_text().split()[0]
    changed = tmp_path / "kafka.lock"
    changed.write_text(f"{name} {'0' * 64}\n")
    monkeypatch.setattr(jars, "_LOCK", changed)

    with pytest.raises(ProcessFailed, match="is not the one that is locked"):
        jars.kafka_jars()
