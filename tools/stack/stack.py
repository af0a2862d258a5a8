"""A stack: started, stopped and broken as a whole or process by process. `wardline run` and the tests use it."""

import json
import os
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from functools import partial
from pathlib import Path

from common.embedded import Kafka, Postgres, free_port
from common.embedded.ports import port_is_free
from tools.stack.infrastructure import KAFKA, POSTGRES, Infrastructure, Step
from tools.stack.locking import Claim
from tools.stack.noted import ADDRESSES
from tools.stack.programs import GATEWAY, KAFKA_VARIABLE, PROGRAMS, Program, url_variable
from tools.stack.refusals import PortTaken
from tools.stack.secrets import Secrets
from tools.stack.service import Service
from tools.stack.together import together


class Stack:
    """Everything on this machine with its data in `folder`, which belongs to one running stack at a time.

    `replicas` is how often each program runs: "beds", "beds-2" and so on; the gateway knows the first ones.
    `extra` adds variables to the environment of a program. `step` is entered around each step of the start.
    """

    def __init__(
        self,
        folder: Path,
        *,
        gateway_port: int | None = None,
        durable: bool = True,
        programs: Sequence[Program] = PROGRAMS,
        replicas: int = 1,
        extra: Mapping[str, Mapping[str, str]] | None = None,
        step: Step = nullcontext,
    ) -> None:
        self.folder = folder.absolute()
        self.logs = self.folder / "logs"
        self.secrets = Secrets(self.folder / "secrets")
        self.infrastructure = Infrastructure(self.folder, self.secrets, programs, durable=durable, step=step)
        self._step = step
        self._claim: Claim | None = None
        self._gateway_port = gateway_port
        ports = {program.name: free_port() for program in {*PROGRAMS, *programs}}
        if gateway_port:
            ports[GATEWAY.name] = gateway_port
        self._services: dict[str, Service] = {}
        for program in programs:
            for name in program.replicas(replicas):
                port = ports[name] if name in ports else free_port()
                self._services[name] = Service(
                    program,
                    name,
                    port=port,
                    log=self.logs / f"{name}.log",
                    pid_file=self.folder / "pids" / name,
                    environment=partial(
                        self._environment,
                        program,
                        {**ports, program.name: port},
                        (extra or {}).get(program.name, {}),
                    ),
                )

    @property
    def gateway_url(self) -> str:
        """Where people and programs enter."""
        return self.url(GATEWAY.name)

    def url(self, name: str) -> str:
        """The address of a service or the gateway."""
        return self._services[name].url

    def database_url(self, variable: str) -> str:
        """The address that a program gets in this variable, for example AUDIT_READER_DATABASE_URL."""
        return os.environ.get(variable) or self.infrastructure.logins[variable]

    def start(self) -> None:
        """Start everything and wait until it is ready.

        Raises AlreadyRunning, PortTaken, and ProcessFailed after stopping again what had started.
        """
        self._claim = Claim(self.folder)
        try:
            if self._gateway_port and not port_is_free(self._gateway_port):
                raise PortTaken(
                    f"Port {self._gateway_port} is taken; choose another: WARDLINE_PORT=8081 make run."
                )
            self._keep_last_logs()
            listening = {url_variable(name): service.url for name, service in self._services.items()}
            addresses = {
                **self.infrastructure.logins,
                **listening,
                KAFKA_VARIABLE: self.infrastructure.bootstrap,
            }
            self.secrets.write(ADDRESSES, json.dumps(addresses, indent=2))
            self.infrastructure.start()
            starts = [partial(self.start_process, name) for name in self._services]
            together(*starts, on_failure=self._stop_services)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """Stop the gateway, then the services, then Kafka and PostgreSQL; what is stopped stays so."""
        self._stop_services()
        self.infrastructure.stop()
        if self._claim:
            self.secrets.forget(ADDRESSES)
            self._claim.release()
            self._claim = None

    def process(self, name: str) -> Postgres | Kafka | Service:
        """A process by name: a program's, "kafka" or "postgres"."""
        match name:
            case "postgres":
                return self.infrastructure.postgres
            case "kafka":
                return self.infrastructure.kafka
            case _:
                return self._services[name]

    def start_process(self, name: str) -> None:
        """Start one process, at its old port, and wait until it is ready."""
        with self._step(name):
            self.process(name).start()

    def begin_program(self, name: str, extra: Mapping[str, str] | None = None) -> None:
        """Start one program without waiting for it. `extra` is what it is told in its environment this once."""
        self._services[name].begin(extra)

    def wait_ready(self) -> None:
        """Wait until every program is ready. Raises ProcessFailed."""
        together(*[service.wait_ready for service in self._services.values()])

    def stop_process(self, name: str) -> None:
        """Ask one process to end and wait for it."""
        self.process(name).stop()

    def restart(self, name: str) -> None:
        """Stop one process and start it again, with its secrets as they are then."""
        self.stop_process(name)
        self.start_process(name)

    def kill(self, name: str) -> None:
        """End one process as a crash would."""
        self.process(name).kill()

    def first_death(self) -> str | None:
        """A sentence about a process that ended without being asked to, if there is one."""
        processes = [self.process(name) for name in (POSTGRES, KAFKA, *self._services)]
        return next((process.obituary() for process in processes if process.has_died()), None)

    def _stop_services(self) -> None:
        gateways = [service for service in self._services.values() if service.program is GATEWAY]
        together(*[gateway.stop for gateway in gateways])
        together(*[service.stop for service in self._services.values() if service not in gateways])

    def _environment(
        self, program: Program, ports: Mapping[str, int], extra: Mapping[str, str]
    ) -> dict[str, str]:
        return {
            **program.environment(self.secrets, ports, self.infrastructure.bootstrap),
            **{v: url for v, url in self.infrastructure.logins.items() if v in program.logins},
            **extra,
        }

    def _keep_last_logs(self) -> None:
        for log in self.logs.glob("*.log"):
            log.replace(log.with_suffix(".log.1"))
