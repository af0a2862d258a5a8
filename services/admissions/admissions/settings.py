"""Environment of admissions, prefix `ADMISSIONS_`."""

from pydantic_settings import SettingsConfigDict

from common.settings import ServiceSettings


class AdmissionsSettings(ServiceSettings):
    """Nothing of its own yet."""

    model_config = SettingsConfigDict(env_prefix="ADMISSIONS_")
