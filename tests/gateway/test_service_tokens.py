"""The tokens by which services know for whom the gateway calls."""

from dataclasses import replace

from common.auth import Caller, Grant, Verifier
from common.ids import new_id
from gateway.service_tokens import ServiceTokens
from tools.stack.secrets import Secrets


def test_other_rights_are_another_token(secrets: Secrets):
    nobody = Caller(user_id=new_id(), session_id=new_id(), auth_version=1)
    nurse = replace(nobody, grants=(Grant("nurse", None),), auth_version=2)
    tokens = ServiceTokens(secrets.token_private_key())

    first, second = tokens.token(nobody, "beds", "request"), tokens.token(nurse, "beds", "request")
    verifier = Verifier(secrets.token_public_key(), "beds")
    assert tokens.token(nobody, "beds", "request") == first != second
    assert verifier.verify(second).grants == nurse.grants
