"""Environment of beds, prefix `BEDS_`."""

from pydantic_settings import SettingsConfigDict

from common.settings import ServiceSettings


class BedsSettings(ServiceSettings):
    """Nothing of its own yet."""

    model_config = SettingsConfigDict(env_prefix="BEDS_")
