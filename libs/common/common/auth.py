"""Who calls: short-lived Ed25519 tokens that only the gateway mints and only one service takes."""

import time
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

import orjson
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import OKPKey
from joserfc.jwt import JWTClaimsRegistry

from common.errors import Unauthenticated

ALGORITHM = "Ed25519"
ISSUER = "gateway"
LIFETIME_SECONDS = 60
LEEWAY_SECONDS = 5
"""How far the clock of a service may be behind the one that a token was issued by."""
_REMEMBERED = 10_000


@dataclass(frozen=True, slots=True)
class Grant:
    """A role in some departments; `departments` is None where it holds in all."""

    role: str
    departments: frozenset[UUID] | None = None


@dataclass(frozen=True, slots=True)
class Caller:
    """The person or program behind a request, as the gateway vouches for it."""

    user_id: UUID
    session_id: UUID
    grants: tuple[Grant, ...] = ()
    staff_member_id: UUID | None = None
    auth_version: int = 1
    roles: frozenset[str] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "roles", frozenset(grant.role for grant in self.grants))

    @property
    def actor(self) -> str:
        return f"user/{self.user_id}"


def encode_grants(grants: Sequence[Grant]) -> list[dict[str, Any]]:
    return [
        {
            "role": grant.role,
            "departments": None if grant.departments is None else sorted(map(str, grant.departments)),
        }
        for grant in grants
    ]


def decode_grants(claims: Sequence[Mapping[str, Any]]) -> tuple[Grant, ...]:
    return tuple(
        Grant(
            claim["role"],
            None if claim["departments"] is None else frozenset(UUID(text) for text in claim["departments"]),
        )
        for claim in claims
    )


class Minter:
    """Signs service tokens with the gateway's private key (an OKP JWK)."""

    def __init__(self, private_key: str) -> None:
        self._key = OKPKey.import_key(_json(private_key))

    def mint(self, caller: Caller, audience: str, purpose: str) -> str:
        """A token for one service and purpose, valid for a minute."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": audience,
            "iat": now,
            "exp": now + LIFETIME_SECONDS,
            "sub": str(caller.user_id),
            "sid": str(caller.session_id),
            "staff": None if caller.staff_member_id is None else str(caller.staff_member_id),
            "av": caller.auth_version,
            "grants": encode_grants(caller.grants),
            "purpose": purpose,
        }
        return jwt.encode({"alg": ALGORITHM}, claims, self._key, algorithms=[ALGORITHM])


class Verifier:
    """Checks a token once and remembers its claims until it expires."""

    def __init__(self, public_key: str, audience: str) -> None:
        self._key = OKPKey.import_key(_json(public_key))
        self._claims = JWTClaimsRegistry(
            leeway=LEEWAY_SECONDS,  # for the time of issue; the end is looked at without
            iss={"essential": True, "value": ISSUER},
            aud={"essential": True, "value": audience},
            exp={"essential": True},
            iat={"essential": True},
            sub={"essential": True},
        )
        self._remembered: OrderedDict[str, tuple[Caller, int]] = OrderedDict()

    def verify(self, token: str) -> Caller:
        """The caller. Raises `Unauthenticated` for a token that is forged, foreign or expired."""
        known = self._remembered.get(token)
        if known is not None and known[1] > time.time():
            return known[0]
        try:
            claims = jwt.decode(token, self._key, algorithms=[ALGORITHM]).claims
            self._claims.validate(claims)
            if claims["exp"] <= time.time():
                raise Unauthenticated
            caller = Caller(
                user_id=UUID(claims["sub"]),
                session_id=UUID(claims["sid"]),
                grants=decode_grants(claims["grants"]),
                staff_member_id=UUID(claims["staff"]) if claims["staff"] else None,
                auth_version=claims["av"],
            )
        except (JoseError, ValueError, KeyError, TypeError):
            raise Unauthenticated from None
        self._remembered[token] = (caller, claims["exp"])
        if len(self._remembered) > _REMEMBERED:
            self._remembered.popitem(last=False)
        return caller


def _json(key: str) -> dict[str, Any]:
    parsed: dict[str, Any] = orjson.loads(key)
    return parsed
