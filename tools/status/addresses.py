"""Where the parts of a hospital are: as the caller says, as the environment says, as a stack on this machine noted."""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tools.stack.noted import noted
from tools.stack.programs import KAFKA_VARIABLE, PROGRAMS, url_variable


@dataclass(frozen=True, slots=True)
class Addresses:
    """`processes` are pairs of a program's name and a replica's address; `databases` are by program."""

    processes: Sequence[tuple[str, str]]
    databases: Mapping[str, str]
    kafka: str | None


def find(stack: Path, named: Sequence[str] = ()) -> Addresses:
    """`named` are replicas as NAME=URL, instead of all others. Raises ValueError for another form."""
    known = {**noted(stack), **os.environ}
    elsewhere = [
        (program.name, known[url]) for program in PROGRAMS if (url := url_variable(program.name)) in known
    ]
    return Addresses(
        processes=[_pair(one) for one in named] or elsewhere,
        databases={
            program.name: known[variable]
            for program in PROGRAMS
            if (variable := next(iter(program.logins))) in known
        },
        kafka=known.get(KAFKA_VARIABLE),
    )


def _pair(named: str) -> tuple[str, str]:
    name, equals, url = named.partition("=")
    if not (name and equals and url.startswith("http")):
        raise ValueError(f"{named} is not NAME=URL, such as beds=http://10.0.0.7:8081")
    return name, url.rstrip("/")
