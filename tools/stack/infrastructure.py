"""PostgreSQL and Kafka of a stack, ready for its programs. Addresses in the caller's environment win over them."""

import os
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from common.embedded import Kafka, Postgres
from tools.stack.prepare import prepare_databases
from tools.stack.programs import KAFKA_VARIABLE, Program
from tools.stack.secrets import Secrets
from tools.stack.together import together

Step = Callable[[str], AbstractContextManager[object]]
POSTGRES, KAFKA = "postgres", "kafka"


class Infrastructure:
    """`logins` are the database addresses, by variable, that the embedded PostgreSQL serves to these programs."""

    def __init__(
        self, folder: Path, secrets: Secrets, programs: Sequence[Program], *, durable: bool, step: Step
    ) -> None:
        logs = folder / "logs"
        password = secrets.password(POSTGRES)
        self.postgres = Postgres(
            folder / POSTGRES, password=password, durable=durable, log=logs / "postgres.log"
        )
        self.kafka = Kafka(folder / KAFKA, log=logs / "kafka.log")
        self.bootstrap = os.environ.get(KAFKA_VARIABLE, self.kafka.bootstrap)
        self.logins = {
            variable: self.postgres.url(program.name, role, secrets.password(role))
            for program in programs
            for variable, role in program.logins.items()
            if variable not in os.environ
        }
        self._step = step

    def start(self) -> None:
        """Start what is needed; create databases and tables. Raises ProcessFailed."""
        together(self._start_postgres, self._start_kafka, on_failure=self.stop)

    def stop(self) -> None:
        """Stop both. Nothing happens to one that was not started."""
        together(self.kafka.stop, self.postgres.stop)

    def _start_postgres(self) -> None:
        if not self.logins:
            return
        with self._step(POSTGRES):
            self.postgres.start()
        with self._step("databases"):
            prepare_databases(self.postgres.url(), self.logins)

    def _start_kafka(self) -> None:
        if KAFKA_VARIABLE in os.environ:
            return
        with self._step(KAFKA):
            self.kafka.start()
