"""What is no HTTP, too long or too slow, at the gateway and at every service."""

import asyncio
import time
from urllib.parse import urlsplit

import pytest

from common.server import HEADER_SECONDS, MAX_HEADER_BYTES
from tests.bad_requests.answers import MARK
from tests.support.hospital import Hospital

EVERYBODY = ("gateway", "beds", "admissions", "audit")


async def said(hospital: Hospital, name: str, request: bytes) -> bytes:
    """Everything that comes back until the connection ends."""
    address = urlsplit(hospital.stack.url(name))
    reader, writer = await asyncio.open_connection(address.hostname, address.port)
    try:
        writer.write(request)
        return await asyncio.wait_for(reader.read(), 30)
    finally:
        writer.close()


def is_problem(answer: bytes, status: int, code: str) -> bool:
    head, _, body = answer.partition(b"\r\n\r\n")
    return (
        head.startswith(b"HTTP/1.1 %d " % status)
        and b"application/problem+json" in head.lower()
        and f'"{code}"'.encode() in body
        and MARK.encode() not in answer
        and b"\r\nserver:" not in head.lower()
    )


NO_HTTP = {
    "a word": MARK.encode() + b"\r\n\r\n",
    "another protocol": b"GET /v1/beds SIP/2.0\r\n\r\n",
    "a header without a name": b"GET /v1/beds HTTP/1.1\r\nhost: x\r\n: " + MARK.encode() + b"\r\n\r\n",
    "NUL in a header": b"GET /v1/beds HTTP/1.1\r\nhost: x\r\nx: \0" + MARK.encode() + b"\r\n\r\n",
    "two lengths": b"POST /v1/beds HTTP/1.1\r\nhost: x\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\nxx",
    "a length that is none": b"POST /v1/beds HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n",
    "length and parts": b"POST /v1/beds HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\n"
    b"transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    "TLS": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
}


@pytest.mark.parametrize("what", NO_HTTP)
@pytest.mark.parametrize("name", EVERYBODY)
async def test_what_is_no_http_is_a_problem(hospital: Hospital, name: str, what: str):
    answer = await said(hospital, name, NO_HTTP[what])
    assert is_problem(answer, 400, "malformed"), answer[:500]


@pytest.mark.parametrize("name", EVERYBODY)
async def test_headers_of_more_than_64_kilobytes_are_refused(hospital: Hospital, name: str):
    request = b"GET /v1/beds HTTP/1.1\r\nhost: x\r\nx: " + b"a" * MAX_HEADER_BYTES + b"\r\n\r\n"
    assert is_problem(await said(hospital, name, request), 431, "headers_too_large")


async def test_headers_that_do_not_come_end_the_connection(hospital: Hospital):
    """At all of them at once: nobody can hold connections by being slow."""
    started = time.monotonic()
    answers = await asyncio.gather(
        *(said(hospital, name, b"GET /v1/beds HTTP/1.1\r\nhost: x\r\nx: ") for name in EVERYBODY)
    )
    assert answers == [b""] * len(EVERYBODY)
    assert time.monotonic() - started < HEADER_SECONDS + 10
