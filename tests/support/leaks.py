"""Looking for what must be nowhere: every form of a secret, in everything that a stack writes."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Iterable, Iterator, Mapping
from pathlib import Path
from urllib.parse import quote, quote_plus

import asyncpg
from confluent_kafka.admin import AdminClient

from tests.support.reading import everything_in
from tools.stack.noted import ADDRESSES
from tools.stack.stack import Stack

_TABLES = """SELECT n.nspname AS schema, c.relname AS table
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
  WHERE c.relkind IN ('r', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema', 'pg_toast')"""

Found = set[tuple[str, str]]
"""Places and the secrets that were found there, by name."""


class Secret:
    """A text or a key that must not be found, in any of the forms in which programs write it."""

    def __init__(self, text: str | bytes) -> None:
        self._as_is = {form for spelling in _spellings(text) for form in _base64(spelling)}
        self._lowered = {form.lower() for spelling in _spellings(text) for form in _written(spelling)}

    def is_in(self, content: bytes, lowered: bytes) -> bool:
        return any(form in lowered for form in self._lowered) or any(form in content for form in self._as_is)


def _spellings(text: str | bytes) -> set[bytes]:
    """As it was sent, as it is compared, and as JSON, URLs and Python's repr() have it."""
    if isinstance(text, bytes):
        return {text, repr(text)[2:-1].encode()}
    cased = {text, text.lower(), text.upper(), text.casefold()}
    escaped = {
        form
        for one in cased
        for form in (json.dumps(one)[1:-1], quote(one), quote_plus(one), repr(one.encode())[2:-1])
    }
    return {one.encode() for one in cased | escaped}


def _written(spelling: bytes) -> Iterator[bytes]:
    yield spelling
    yield spelling.hex().encode()


def _base64(spelling: bytes) -> Iterator[bytes]:
    """What stands in the base64 of any text around it: three alignments, both alphabets, only whole letters."""
    for offset in range(3):
        for encode in (base64.b64encode, base64.urlsafe_b64encode):
            first, last = -(-offset * 8 // 6), (offset + len(spelling)) * 8 // 6
            yield encode(bytes(offset) + spelling)[first:last]


def found(secrets: Mapping[str, str | bytes], contents: Iterable[tuple[str, bytes]]) -> Found:
    """Which secrets are in which places."""
    sought = {name: Secret(text) for name, text in secrets.items()}
    hits: Found = set()
    for place, content in contents:
        lowered = content.lower()
        hits |= {(place, name) for name, secret in sought.items() if secret.is_in(content, lowered)}
    return hits


def secrets_of(stack: Stack) -> dict[str, str | bytes]:
    """Every password and the bytes of every key that the stack has now, by the name of its file."""
    return {
        f"{file.name} {number}": secret
        for file in sorted((stack.folder / "secrets").iterdir())
        if file.name != ADDRESSES  # says again what others say
        for number, secret in enumerate(_secrets_in(file))
    }


def _secrets_in(file: Path) -> Iterator[str | bytes]:
    text = file.read_text()
    if file.name.endswith("-password"):
        yield text
    elif file.name.endswith("-keyset.json"):
        for key in json.loads(text)["key"]:
            yield _decoded(key["keyData"]["value"])[-32:]  # Tink's envelope ends with the key
    elif file.suffix == ".json":
        yield _decoded(json.loads(text)["d"])
    else:
        for key in text.split(","):
            yield _decoded(key.rpartition(":")[2])


def _decoded(key: str) -> bytes:
    return base64.b64decode(key + "=" * (-len(key) % 4), altchars=None if "+" in key or "/" in key else b"-_")


async def everything_written(stack: Stack) -> list[tuple[str, bytes]]:
    """Logs of all processes, all topics with keys and headers, all rows of all tables, by place."""
    return [
        *logs_in(stack.logs),
        *[place async for place in _topics(stack.infrastructure.bootstrap)],
        *[place async for place in _tables(stack)],
    ]


def logs_in(folder: Path) -> Iterator[tuple[str, bytes]]:
    """What all processes have logged, by process."""
    for log in sorted(folder.iterdir()):
        yield f"log {log.name}", log.read_bytes()


async def _topics(bootstrap: str) -> AsyncIterator[tuple[str, bytes]]:
    for name in AdminClient({"bootstrap.servers": bootstrap}).list_topics(timeout=10).topics:
        if not name.startswith("__"):
            parts = [name.encode()]
            for record in await everything_in(bootstrap, name):
                headers = record.headers() or []
                assert isinstance(headers, list)
                for header, content in headers:
                    parts += [header.encode(), _bytes(content)]
                parts += [_bytes(record.key()), _bytes(record.value())]
            yield f"topic {name}", b"\n".join(parts)


def _bytes(content: str | bytes | None) -> bytes:
    return content.encode() if isinstance(content, str) else content or b""


async def _tables(stack: Stack) -> AsyncIterator[tuple[str, bytes]]:
    """Rows as text, where binary columns stand in hexadecimal."""
    for service in ("beds", "admissions", "audit", "gateway"):
        database = await asyncpg.connect(stack.infrastructure.postgres.url(service))
        try:
            for at in await database.fetch(_TABLES):
                rows = await database.fetch(f'SELECT row::text FROM "{at["schema"]}"."{at["table"]}" row')
                yield f"table {service}.{at['table']}", "\n".join(row["row"] for row in rows).encode()
        finally:
            await database.close()
