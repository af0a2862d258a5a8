"""Settings of the audit service."""

from pydantic_settings import SettingsConfigDict

from common.settings import ServiceSettings


class AuditSettings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="AUDIT_")
