"""The refusals that constraints of the database stand for."""

from collections.abc import Mapping

from common.errors import Refusal
from gateway.identity.domain import EmailTaken, UsernameTaken

REFUSALS: Mapping[str, type[Refusal]] = {
    "app_user_username_key": UsernameTaken,
    "app_user_email_key": EmailTaken,
}
