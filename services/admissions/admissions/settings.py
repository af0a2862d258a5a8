"""Environment of admissions, prefix `ADMISSIONS_`."""

import base64
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BeforeValidator, Field, SecretBytes
from pydantic_settings import NoDecode, SettingsConfigDict

from common.crypto import KeyedIndex
from common.settings import KEY_BYTES, ServiceSettings


def _numbered(text: object) -> object:
    """`1:<base64url>,2:<base64url>`."""
    if not isinstance(text, str):
        return text
    pairs = (part.strip().partition(":") for part in text.split(",") if part)
    return {number: base64.urlsafe_b64decode(key + "=" * (-len(key) % 4)) for number, _, key in pairs}


_Number = Annotated[int, Field(ge=1, le=32767)]
_Key = Annotated[SecretBytes, Field(min_length=KEY_BYTES, max_length=KEY_BYTES)]


class AdmissionsSettings(ServiceSettings):
    """The search keys, by number: two while one is being replaced. Without any, the index key is number 1.

    `time_zone` is that of the hospital; it says when a day begins.
    """

    model_config = SettingsConfigDict(env_prefix="ADMISSIONS_")

    search_keys: Annotated[dict[_Number, _Key], NoDecode, BeforeValidator(_numbered)] = Field(
        default_factory=dict, max_length=2
    )

    time_zone: ZoneInfo = ZoneInfo("UTC")

    def indexes(self) -> dict[int, KeyedIndex]:
        """The oldest first."""
        keys = {number: key.get_secret_value() for number, key in self.search_keys.items()}
        return {number: KeyedIndex(key) for number, key in sorted((keys or {1: self.index_key}).items())}
