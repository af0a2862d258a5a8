"""Settings of the gateway, prefix `GATEWAY_`."""

from collections.abc import Mapping
from typing import Annotated

from pydantic import BeforeValidator, Field, SecretStr
from pydantic_settings import NoDecode, SettingsConfigDict

from common.settings import ServiceSettings
from gateway.identity.domain import Role


def _listed(value: object) -> object:
    return [part.strip() for part in value.split(",") if part.strip()] if isinstance(value, str) else value


def _by_name(value: object) -> object:
    parts = _listed(value)
    return dict(part.split("=", 1) for part in parts if "=" in part) if isinstance(parts, list) else parts


#: Words separated by commas.
Words = Annotated[tuple[str, ...], NoDecode, BeforeValidator(_listed)]


class GatewaySettings(ServiceSettings):
    """Where the services are, and how much is allowed."""

    model_config = SettingsConfigDict(
        env_prefix="GATEWAY_", extra="ignore", frozen=True, hide_input_in_errors=True
    )

    token_private_key: SecretStr
    """The Ed25519 JWK that signs service tokens."""
    beds_url: str
    admissions_url: str
    audit_url: str
    service_connections: int = 200
    """Open connections to each service at most."""
    cors_origins: Words = ()
    """Origins whose pages may call with a bearer token."""
    trusted_proxies: Words = ()
    """Addresses whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed."""
    session_idle_minutes: int = Field(15, ge=1, le=60)
    session_idle_minutes_of_roles: Annotated[
        Mapping[Role, Annotated[int, Field(ge=1, le=60)]], NoDecode, BeforeValidator(_by_name)
    ] = Field(default_factory=dict)
    """Such as `bed_manager=60,housekeeping=30`; who has several roles gets the shortest."""
    session_hours: int = Field(12, ge=1, le=24)
    session_requests_per_second: int = 600
    address_requests_per_second: int = 600
    """For what comes without a live session."""
    sign_ins_refused_per_minute: int = 60
    """Per address, for devices that never signed in to the account."""
    sign_ups_per_minute: int = 60
    """Per address."""

    @property
    def services(self) -> Mapping[str, str]:
        """The address of each service by its name."""
        return {"beds": self.beds_url, "admissions": self.admissions_url, "audit": self.audit_url}
