"""The merged OpenAPI, as the gateway serves it, from the applications themselves; nothing runs for it."""

import json
from typing import Any

from joserfc.jwk import OKPKey

from admissions.main import create_app as admissions_app
from admissions.settings import AdmissionsSettings
from audit.main import app as audit_app
from audit.settings import AuditSettings
from beds.main import create_app as beds_app
from beds.settings import BedsSettings
from common.settings import ServiceSettings
from gateway.main import gateway_app
from gateway.openapi import merged
from gateway.settings import GatewaySettings


def document() -> dict[str, Any]:
    """The gateway's own routes first, then those of the services by name, as at `/v1/openapi.json`."""
    gateway = gateway_app(_unused(GatewaySettings))
    documents = {
        "gateway": gateway.openapi(),
        "admissions": admissions_app(_unused(AdmissionsSettings)).openapi(),
        "audit": audit_app(_unused(AuditSettings)).openapi(),
        "beds": beds_app(_unused(BedsSettings)).openapi(),
    }
    return merged(documents, gateway.version)


def _unused(kind: type[ServiceSettings]) -> Any:
    """Settings of an application that will never be started."""
    key = json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=False))
    return kind.model_construct(WARDLINE_TOKEN_PUBLIC_KEY=key, index_key=b"")
