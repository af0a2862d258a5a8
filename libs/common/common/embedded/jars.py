"""Kafka's jars: exactly those of `kafka.lock`, each compared with its SHA-256."""

import fcntl
import hashlib
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jgo
from jgo.maven import MavenContext

from common.embedded.process import ProcessFailed

_WANTED = "org.apache.kafka:kafka_2.13:4.3.1+org.slf4j:slf4j-simple:2.0.17"
_LOCK = Path(__file__).with_name("kafka.lock")  # one jar a line: group:artifact:version sha256


def kafka_jars() -> list[Path]:
    """The jars in the local Maven cache, downloaded where missing. Raises ProcessFailed."""
    maven = MavenContext(timeout=60)
    lines = [line.split() for line in _LOCK.read_text().splitlines()]
    maven.repo_cache.mkdir(parents=True, exist_ok=True)
    with (
        (maven.repo_cache / "wardline.lock").open("w") as turn,
        ThreadPoolExecutor(max_workers=8) as downloads,
    ):
        fcntl.flock(turn, fcntl.LOCK_EX)  # jgo writes in place: two at once would read each other's halves
        return list(downloads.map(lambda line: _fetch(maven, *line), lines))


def lock() -> None:
    """Resolve Kafka's dependencies again and write the lock."""
    artifacts = jgo.resolve(_WANTED)
    names = {f"{jar.groupId}:{jar.artifactId}:{jar.version}": jar.resolve() for jar in artifacts}
    _LOCK.write_text("".join(f"{name} {_sha256(path)}\n" for name, path in sorted(names.items())))


def _fetch(maven: MavenContext, name: str, sha256: str) -> Path:
    path = _resolve(maven, name)
    if _sha256(path) != sha256:
        path.unlink()  # half of a download that was interrupted
        path = _resolve(maven, name)
    if _sha256(path) != sha256:
        raise ProcessFailed(f"{path}, a part of Kafka, is not the one that is locked.")
    return path


def _resolve(maven: MavenContext, name: str) -> Path:
    try:
        path: Path = maven.create_dependency(name).artifact.resolve()
    except Exception as error:  # jgo names no exceptions of its own
        raise ProcessFailed(f"{name}, a part of Kafka, could not be downloaded: {error}") from error
    return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
