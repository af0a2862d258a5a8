"""Tokens that only the gateway mints and only one service takes."""

import base64
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from uuid import uuid4

import pytest
import time_machine
from joserfc import jwt
from joserfc.jwk import OKPKey

from common.auth import ALGORITHM, LIFETIME_SECONDS, Caller, Grant, Minter, Verifier
from common.errors import Unauthenticated

_KEY = OKPKey.generate_key("Ed25519")
PRIVATE, PUBLIC = json.dumps(_KEY.as_dict(private=True)), json.dumps(_KEY.as_dict(private=False))
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
CALLER = Caller(
    uuid4(),
    uuid4(),
    (Grant("nurse", frozenset({uuid4(), uuid4()})), Grant("auditor")),
    uuid4(),
    auth_version=3,
)


def a_token(caller: Caller = CALLER, audience: str = "beds") -> str:
    return Minter(PRIVATE).mint(caller, audience, "request")


def claims_of(token: str) -> dict[str, Any]:
    payload = token.split(".")[1]
    claims: dict[str, Any] = json.loads(base64.urlsafe_b64decode(payload + "=="))
    return claims


def encoded(content: Mapping[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(content).encode()).decode().rstrip("=")


def signed(claims: Mapping[str, Any]) -> str:
    return jwt.encode({"alg": ALGORITHM}, dict(claims), _KEY, algorithms=[ALGORITHM])


def refused(token: str) -> bool:
    try:
        Verifier(PUBLIC, "beds").verify(token)
    except Unauthenticated:
        return True
    return False


@pytest.mark.parametrize("caller", [CALLER, replace(CALLER, staff_member_id=None, grants=())])
def test_a_token_brings_the_caller_whole(caller: Caller):
    found = Verifier(PUBLIC, "beds").verify(a_token(caller))

    assert found == caller
    assert found.roles == {grant.role for grant in caller.grants}


def test_a_token_of_another_service_is_refused():
    assert refused(a_token(audience="admissions"))


def test_a_token_without_signature_is_refused():
    assert refused(f"{encoded({'alg': 'none'})}.{encoded(claims_of(a_token()))}.")


def test_a_token_signed_with_the_public_key_as_a_password_is_refused():
    message = f"{encoded({'alg': 'HS256'})}.{encoded(claims_of(a_token()))}"
    for password in (PUBLIC.encode(), base64.urlsafe_b64decode(json.loads(PUBLIC)["x"] + "==")):
        seal = base64.urlsafe_b64encode(hmac.digest(password, message.encode(), sha256)).decode().rstrip("=")
        assert refused(f"{message}.{seal}")


def test_a_token_of_another_key_is_refused():
    stranger = OKPKey.generate_key("Ed25519")

    assert refused(jwt.encode({"alg": ALGORITHM}, claims_of(a_token()), stranger, algorithms=[ALGORITHM]))


def test_a_changed_token_is_refused():
    head, _, seal = a_token().split(".")

    assert refused(f"{head}.{encoded(claims_of(a_token()) | {'sub': str(uuid4())})}.{seal}")


@pytest.mark.parametrize("missing", ["iss", "aud", "exp", "iat", "sub", "sid", "grants", "staff", "av"])
def test_a_token_without_one_of_its_claims_is_refused(missing: str):
    claims = claims_of(a_token())
    del claims[missing]

    assert refused(signed(claims))


@pytest.mark.parametrize(
    "strange",
    [
        {"iss": "someone"},
        {"sub": 7},
        {"sid": "x"},
        {"grants": 1},
        {"grants": [{"role": "nurse"}]},
        {"exp": "no"},
    ],
)
def test_a_token_with_strange_claims_is_refused(strange: dict[str, Any]):
    assert refused(signed(claims_of(a_token()) | strange))


@pytest.mark.parametrize("text", ["", ".", "a.b.c", "ä.ö.ü", "\ud800", "x" * 10_000])
def test_what_is_no_token_is_refused(text: str):
    assert refused(text)


def test_a_token_is_taken_until_it_expires_also_by_a_verifier_that_remembers_it():
    with time_machine.travel(NOW, tick=False) as clock:
        verifier, token = Verifier(PUBLIC, "beds"), a_token()
        assert verifier.verify(token) is verifier.verify(token)

        clock.move_to(NOW + timedelta(seconds=LIFETIME_SECONDS - 1))
        assert verifier.verify(token) == CALLER

        clock.move_to(NOW + timedelta(seconds=LIFETIME_SECONDS + 1))
        with pytest.raises(Unauthenticated):
            verifier.verify(token)
        assert refused(token)


def test_a_clock_that_is_a_little_slow_takes_a_fresh_token():
    with time_machine.travel(NOW, tick=False) as clock:
        token = a_token()
        clock.move_to(NOW - timedelta(seconds=3))
        assert Verifier(PUBLIC, "beds").verify(token) == CALLER
        clock.move_to(NOW - timedelta(minutes=1))
        assert refused(token)


def test_a_verifier_that_is_older_than_a_token_knows_what_time_it_is():
    with time_machine.travel(NOW, tick=False) as clock:
        verifier = Verifier(PUBLIC, "beds")
        clock.move_to(NOW + timedelta(days=1))
        token = a_token()
        assert verifier.verify(token) == CALLER
        clock.shift(LIFETIME_SECONDS + 1)
        with pytest.raises(Unauthenticated):
            verifier.verify(token)


def test_a_verifier_does_not_grow_without_bound(monkeypatch):
    monkeypatch.setattr("common.auth._REMEMBERED", 3)
    verifier = Verifier(PUBLIC, "beds")
    for _ in range(5):
        verifier.verify(a_token(replace(CALLER, user_id=uuid4())))

    assert len(verifier._remembered) == 3
