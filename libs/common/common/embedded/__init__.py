"""PostgreSQL and Kafka as child processes, from ordinary packages: for one machine and for tests."""

from common.embedded.kafka import Kafka
from common.embedded.ports import free_port
from common.embedded.postgres import Postgres
from common.embedded.process import Process, ProcessFailed

__all__ = ["Kafka", "Postgres", "Process", "ProcessFailed", "free_port"]
