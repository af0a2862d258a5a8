"""Requests made up from the description of the API, sent as every role: each gets an answer that is described.

In the short form the roles share the requests that do not fit; `make fuzz` sends many more, each as every role.
"""

import asyncio
import os
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from typing import Any

import pytest
import pytest_asyncio
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis.errors import Unsatisfiable
from schemathesis import Case, GenerationMode, Response
from schemathesis.core.failures import Failure, FailureGroup
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from tests.flows.role_matrix import ANONYMOUS, NO_ROLE, ROLES
from tests.support.hospital import Hospital

#: Requests for each operation that fit its description, and as many again and again that do not.
EXAMPLES = int(os.environ.get("WARDLINE_FUZZ_EXAMPLES", "1"))
SEED = int(os.environ.get("WARDLINE_FUZZ_SEED", "1"))
THREADS = 4
SHARE = 5
"""How many roles send the same request that does not fit, in the short form."""
#: What has no input, or would end the session that asks.
LEFT_OUT = {("get", "/v1/openapi.json"), ("delete", "/v1/sessions/current")}
CHECKS = [
    status_code_conformance,
    content_type_conformance,
    negative_data_rejection,
    response_headers_conformance,
    response_schema_conformance,
]
Tokens = Mapping[str, str | None]
AnyCase = Case[Any]


@pytest_asyncio.fixture(scope="module")
async def tokens(hospital: Hospital) -> Tokens:
    """One person of each role, by the token of the session."""
    people = await asyncio.gather(*(hospital.staff(role) for role in ROLES))
    newcomer = await hospital.newcomer()
    return {role: person.token for role, person in zip(ROLES, people, strict=True)} | {
        NO_ROLE: newcomer.token,
        ANONYMOUS: None,
    }


@pytest.mark.filterwarnings("ignore")
@pytest.mark.timeout(120 + 240 * EXAMPLES)
async def test_every_request_gets_an_answer_that_is_described(
    hospital: Hospital, tokens: Tokens, things: Mapping[str, str]
):
    document = await hospital.stranger().read("/v1/openapi.json")
    found = await asyncio.to_thread(_all_tried, document, hospital.stack.gateway_url, tokens)
    assert sorted(set(found)) == []


def _all_tried(document: Mapping[str, object], url: str, tokens: Tokens) -> list[str]:
    sent = list(_requests(document, list(tokens)))
    assert len(sent) > 100

    def tried(request: tuple[AnyCase, list[str]]) -> list[str]:
        case, roles = request
        return list(_faults(case, url, {role: tokens[role] for role in roles}))

    with ThreadPoolExecutor(THREADS) as pool:
        return [fault for faults in pool.map(tried, sent) for fault in faults]


def _requests(document: Mapping[str, object], roles: list[str]) -> Iterator[tuple[AnyCase, list[str]]]:
    """Each with those who send it."""
    turn = cycle(roles)
    schema: Any = schemathesis.openapi.from_dict(dict(document))
    for result in schema.get_all_operations():
        operation = result.ok()
        if (operation.method, operation.path) not in LEFT_OUT:
            for case in _generated(operation, GenerationMode.POSITIVE, EXAMPLES):
                yield case, roles
            for case in _generated(operation, GenerationMode.NEGATIVE, 2 * EXAMPLES):
                yield case, list(islice(turn, SHARE)) if EXAMPLES == 1 else roles


def _generated(operation: Any, mode: GenerationMode, number: int) -> list[AnyCase]:
    cases: list[AnyCase] = []

    @seed(SEED)
    @settings(
        max_examples=number,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(operation.as_strategy(generation_mode=mode))
    def collect(case: AnyCase) -> None:
        cases.append(case)

    try:
        collect()
    except Unsatisfiable:
        assert mode is GenerationMode.NEGATIVE, "nothing can be wrong where nothing is taken"
    return cases


def _faults(case: AnyCase, url: str, tokens: Tokens) -> Iterator[str]:
    with requests.Session() as session:
        session.trust_env = False
        for role, token in tokens.items():
            if case.headers is not None:
                for name in [name for name in case.headers if name.lower() == "authorization"]:
                    del case.headers[name]
            headers = {} if token is None else {"authorization": f"Bearer {token}"}
            answer = case.call(base_url=url, session=session, headers=headers)
            who = f"{case.method} {case.path} as {role}"
            if answer.status_code >= 500 and not _is_not_known_yet(answer):
                yield f"{who}: {answer.status_code} {answer.text[:200]}\n{case.as_curl_command()}"
            try:
                case.validate_response(answer, checks=CHECKS)
            except (Failure, FailureGroup) as failed:
                whole = failed.exceptions if isinstance(failed, FailureGroup) else [failed]
                yield from (
                    f"{who}: {one.title} {one.message[:300]}\n{case.as_curl_command()}" for one in whole
                )


def _is_not_known_yet(answer: Response) -> bool:
    return answer.status_code == 503 and answer.json()["code"] == "not_yet_known"
