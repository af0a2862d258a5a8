"""The programs of a stack, and the environment by which each finds the rest."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field

from tools.stack.secrets import Secrets

KAFKA_VARIABLE = "KAFKA_BOOTSTRAP_SERVERS"


def url_variable(program: str) -> str:
    """The variable that says where a program listens."""
    return f"{program.upper()}_URL"


@dataclass(frozen=True, slots=True)
class Program:
    """A process of ours. `logins` are its database roles by the environment variable that brings their address."""

    name: str
    module: str
    logins: Mapping[str, str] = field(default_factory=dict, hash=False)
    stop_seconds: float = 10

    def replicas(self, how_many: int) -> list[str]:
        """The names of its processes: its own, then "beds-2" and so on."""
        return [self.name, *(f"{self.name}-{n}" for n in range(2, how_many + 1))]

    def environment(self, secrets: Secrets, ports: Mapping[str, int], bootstrap: str) -> dict[str, str]:
        """What this program is told, apart from its databases. `ports` are those of all programs."""
        prefix = self.name.upper()
        own = {
            f"{prefix}_HOST": "127.0.0.1",
            f"{prefix}_PORT": str(ports[self.name]),
            f"{prefix}_MASTER_KEYSET": secrets.keyset(self.name),
            f"{prefix}_INDEX_KEY": secrets.key(f"{self.name}-index"),
        }
        if self.name == "admissions":
            own["ADMISSIONS_SEARCH_KEYS"] = secrets.search_keys()
        return {
            **os.environ,
            "PYTHONUNBUFFERED": "1",
            KAFKA_VARIABLE: bootstrap,
            "KAFKA_PARTITIONS": "3",
            "KAFKA_REPLICATION": "1",
            "WARDLINE_TOKEN_PUBLIC_KEY": secrets.token_public_key(),
            **own,
            **(_gateway_environment(secrets, ports) if self is GATEWAY else {}),
        }


SERVICES = (
    Program("beds", "beds.main", {"BEDS_DATABASE_URL": "beds"}),
    Program("admissions", "admissions.main", {"ADMISSIONS_DATABASE_URL": "admissions"}),
    Program(
        "audit",
        "audit.main",
        {"AUDIT_DATABASE_URL": "audit_writer", "AUDIT_READER_DATABASE_URL": "audit_reader"},
    ),
)
GATEWAY = Program("gateway", "gateway.main", {"GATEWAY_DATABASE_URL": "gateway"}, stop_seconds=5)
PROGRAMS = (*SERVICES, GATEWAY)


def _gateway_environment(secrets: Secrets, ports: Mapping[str, int]) -> dict[str, str]:
    services = {f"GATEWAY_{s.name.upper()}_URL": f"http://127.0.0.1:{ports[s.name]}" for s in SERVICES}
    return services | {"GATEWAY_TOKEN_PRIVATE_KEY": secrets.token_private_key()}
