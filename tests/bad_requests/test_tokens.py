"""Tokens that are none: at the services themselves, where only the gateway's are taken, and at the gateway."""

import base64
import json
import time
from collections.abc import AsyncIterator, Callable, Mapping
from typing import Any
from uuid import uuid4

import httpx2
import pytest
import pytest_asyncio
from joserfc import jwt
from joserfc.jwk import OctKey, OKPKey

from common.auth import ALGORITHM, ISSUER, LIFETIME_SECONDS, Grant, encode_grants
from tests.bad_requests.answers import MARK, faults
from tests.support.hospital import Hospital
from tests.support.person import Person

SERVICES = {"beds": "/v1/beds", "admissions": "/v1/admissions", "audit": "/v1/audit/entries"}
Claims = dict[str, Any]


class Mint:
    """Makes tokens as the gateway does, or wrong in one way."""

    def __init__(self, hospital: Hospital) -> None:
        self._key = OKPKey.import_key(json.loads(hospital.stack.secrets.token_private_key()))
        self.public = json.loads(hospital.stack.secrets.token_public_key())

    def claims(self, audience: str, **other: Any) -> Claims:
        now = int(time.time())
        everything = [Grant(role) for role in ("bed_manager", "auditor", "admin")]
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "sub": str(uuid4()),
            "sid": str(uuid4()),
            "staff": None,
            "av": 1,
            "grants": encode_grants(everything),
            "purpose": MARK,
        }
        return {name: value for name, value in (claims | other).items() if value is not ...}

    def good(self, audience: str, **other: Any) -> str:
        return jwt.encode(
            {"alg": ALGORITHM}, self.claims(audience, **other), self._key, algorithms=[ALGORITHM]
        )


def _part(content: Mapping[str, Any] | bytes) -> str:
    encoded = content if isinstance(content, bytes) else json.dumps(content).encode()
    return base64.urlsafe_b64encode(encoded).decode().rstrip("=")


def _by_another_key(mint: Mint, audience: str) -> str:
    key = OKPKey.generate_key("Ed25519")
    return jwt.encode({"alg": ALGORITHM}, mint.claims(audience), key, algorithms=[ALGORITHM])


def _signed_with_the_public_key(mint: Mint, audience: str) -> str:
    """What everybody may know, used as a shared secret."""
    key = OctKey.import_key(base64.urlsafe_b64decode(mint.public["x"] + "="))
    return jwt.encode({"alg": "HS256"}, mint.claims(audience), key, algorithms=["HS256"])


def _with_a_key_of_its_own(mint: Mint, audience: str) -> str:
    key = OKPKey.generate_key("Ed25519")
    head = {"alg": ALGORITHM, "jwk": key.as_dict(private=False)}
    return jwt.encode(head, mint.claims(audience), key, algorithms=[ALGORITHM])


def _with_other_claims(mint: Mint, audience: str) -> str:
    head, _, signature = mint.good(audience).split(".")
    return f"{head}.{_part(mint.claims(audience))}.{signature}"


FORGED: dict[str, Callable[[Mint, str], str]] = {
    "expired": lambda mint, to: mint.good(to, exp=int(time.time()) - 1),
    "without an end": lambda mint, to: mint.good(to, exp=...),
    "for another service": lambda mint, to: mint.good("elsewhere"),
    "for nobody": lambda mint, to: mint.good(to, aud=...),
    "of another issuer": lambda mint, to: mint.good(to, iss=MARK),
    "of no session": lambda mint, to: mint.good(to, sid=...),
    "of nobody": lambda mint, to: mint.good(to, sub=MARK),
    "with grants that are none": lambda mint, to: mint.good(to, grants=MARK),
    "with an end that is no time": lambda mint, to: mint.good(to, exp=MARK),
    "by another key": _by_another_key,
    "with a key of its own": _with_a_key_of_its_own,
    "with other claims": _with_other_claims,
    "alg none": lambda mint, to: f"{_part({'alg': 'none', 'typ': 'JWT'})}.{_part(mint.claims(to))}.",
    "alg None": lambda mint, to: f"{_part({'alg': 'None'})}.{_part(mint.claims(to))}.AAAA",
    "alg HS256 with the public key": _signed_with_the_public_key,
    "alg of no kind": lambda mint, to: f"{_part({'alg': 7})}.{_part(mint.claims(to))}.AAAA",
    "without a head": lambda mint, to: f".{_part(mint.claims(to))}.AAAA",
    "with a list for claims": lambda mint, to: f"{_part({'alg': ALGORITHM})}.{_part(b'[]')}.AAAA",
    "no base64": lambda mint, to: "a.b.c",
    "empty": lambda mint, to: "..",
    "very long": lambda mint, to: "a" * 30_000,
    "a word": lambda mint, to: MARK,
    "not of ASCII": lambda mint, to: "\xe4\xf6\xfc",
}


@pytest.fixture(scope="module")
def mint(hospital: Hospital) -> Mint:
    return Mint(hospital)


@pytest_asyncio.fixture(scope="module")
async def wire() -> AsyncIterator[httpx2.AsyncClient]:
    async with httpx2.AsyncClient(timeout=60, trust_env=False) as client:
        yield client


async def asked(client: httpx2.AsyncClient, url: str, token: str) -> httpx2.Response:
    return await client.get(url, headers=[(b"authorization", f"Bearer {token}".encode("latin-1"))])


@pytest.mark.parametrize("service", SERVICES)
async def test_the_gateways_own_token_is_taken(
    hospital: Hospital, mint: Mint, wire: httpx2.AsyncClient, service: str
):
    """Or the refusals of the others would tell nothing."""
    answer = await asked(wire, hospital.stack.url(service) + SERVICES[service], mint.good(service))
    assert answer.status_code == 200


@pytest.mark.parametrize("forged", FORGED)
@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_takes_no_other_token(
    hospital: Hospital, mint: Mint, wire: httpx2.AsyncClient, service: str, forged: str
):
    token = FORGED[forged](mint, service)
    answer = await asked(wire, hospital.stack.url(service) + SERVICES[service], token)
    assert list(faults(answer, {401})) == []
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize("service", SERVICES)
async def test_a_service_does_not_take_the_token_of_a_session(
    hospital: Hospital, anybody: Person, wire: httpx2.AsyncClient, service: str
):
    answer = await asked(wire, hospital.stack.url(service) + SERVICES[service], str(anybody.token))
    assert list(faults(answer, {401})) == []


@pytest.mark.parametrize("path", SERVICES.values())
@pytest.mark.parametrize("forged", [*FORGED, "the gateway's own for a service"])
async def test_the_gateway_takes_tokens_of_sessions_only(
    hospital: Hospital, mint: Mint, wire: httpx2.AsyncClient, path: str, forged: str
):
    make = FORGED.get(forged, lambda mint, to: mint.good(to))
    answer = await asked(wire, hospital.stack.gateway_url + path, make(mint, path.split("/")[2]))
    assert list(faults(answer, {401})) == []


async def test_a_revoked_session_opens_nothing(hospital: Hospital, wire: httpx2.AsyncClient):
    person = await hospital.newcomer()
    await person.ask("DELETE", "/v1/sessions/current")
    for path in SERVICES.values():
        answer = await asked(wire, hospital.stack.gateway_url + path, str(person.token))
        assert list(faults(answer, {401})) == []
