"""Settings from the environment, with the prefix of the service. A missing one stops the start with a sentence."""

import base64
from typing import Annotated, TypeVar

from pydantic import AfterValidator, BeforeValidator, Field, SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

from common.crypto import MasterKeys

KEY_BYTES = 32


def _key_bytes(value: object) -> object:
    return base64.urlsafe_b64decode(value + "=" * (-len(value) % 4)) if isinstance(value, str) else value


#: 32 secret bytes, written as base64url.
SecretBytes = Annotated[
    bytes, BeforeValidator(_key_bytes), Field(min_length=KEY_BYTES, max_length=KEY_BYTES, repr=False)
]


def _keyset(value: SecretStr) -> SecretStr:
    MasterKeys(value.get_secret_value())
    return value


class ServiceSettings(BaseSettings):
    """What every process needs. Subclasses set their `env_prefix` and add their own."""

    model_config = SettingsConfigDict(extra="ignore", frozen=True, hide_input_in_errors=True)

    host: str = "127.0.0.1"
    port: int
    database_url: SecretStr
    database_connections: int = 10
    master_keyset: Annotated[SecretStr, AfterValidator(_keyset)]
    """Tink AES256-GCM keyset as JSON: wraps the keys of subjects and encrypts dead letters."""
    index_key: SecretBytes
    """Keys the digests of searchable fields and of idempotent requests."""
    kafka_bootstrap_servers: str = Field(validation_alias="KAFKA_BOOTSTRAP_SERVERS")
    kafka_partitions: int = Field(12, validation_alias="KAFKA_PARTITIONS")
    kafka_replication: int = Field(3, validation_alias="KAFKA_REPLICATION")
    token_public_key: str = Field(validation_alias="WARDLINE_TOKEN_PUBLIC_KEY")
    log_level: str = Field("INFO", validation_alias="WARDLINE_LOG_LEVEL")


S = TypeVar("S", bound=BaseSettings)


def load(kind: type[S]) -> S:
    """The settings of this process. Raises `SystemExit` with one sentence that names what is missing."""
    try:
        return kind()
    except ValidationError as error:
        prefix = kind.model_config.get("env_prefix", "")
        fields = kind.model_fields

        def variable(name: str) -> str:
            alias = fields[name].validation_alias if name in fields else None
            return name.upper() if alias or name.isupper() else f"{prefix}{name}".upper()

        wrong = ", ".join(sorted({variable(str(found["loc"][0])) for found in error.errors()}))
        raise SystemExit(f"{kind.__name__}: set {wrong} in the environment (missing or not valid).") from None
