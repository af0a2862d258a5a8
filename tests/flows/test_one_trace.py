"""One trace follows an admission through the gateway, the services, Kafka and the log."""

import json
import re
import secrets
from collections.abc import Iterator

import pytest_asyncio

from tests.support.collector import Collector, Span
from tests.support.hospital import Hospital
from tests.support.waiting import eventually

ASKED = "hospital.admissions.admission"
ANSWERED = "hospital.beds.placement"
#: What a span may say: words of our own, numbers and opaque ids. No sentence, no name, no path with an id in it.
WORD = re.compile(r"[A-Za-z0-9_./{}:-]{1,100}|[A-Z]+ /v1[a-z_/{}]*|(send|process) hospital\.[a-z_.0-9]+")
LOGS = ("gateway", "admissions", "beds")


@pytest_asyncio.fixture(scope="module")
async def trace(hospital: Hospital, collector: Collector) -> str:
    """The id of the trace under which a patient was admitted and got a bed."""
    trace = secrets.token_hex(16)
    ward = await hospital.a_department(beds=1)
    wanted = {
        "patient_id": str(await hospital.a_patient("Quillfeather, Tabitha")),
        "department_id": str(ward.id),
    }
    headers = {"traceparent": f"00-{trace}-{secrets.token_hex(8)}-01", "prefer": "wait=10"}
    answer = await hospital.bed_manager.ask("POST", "/v1/admissions", wanted, headers=headers)
    assert (answer.status_code, answer.json()["state"]) == (201, "bed_assigned")
    await eventually(lambda: _ends_in_the_log(collector, trace), within=30)
    return trace


def _ends_in_the_log(collector: Collector, trace: str) -> bool:
    """Both the answer of beds and what admissions made of it."""
    logged = [collector.way_to(span) for span in collector.of(trace) if span.service == "audit"]
    return any(len(way) > 8 for way in logged) and any(ANSWERED in way[-1].name for way in logged)


async def test_it_leads_from_the_request_to_the_log(collector: Collector, trace: str):
    (answered,) = [
        span for span in collector.of(trace) if str(span) == f"audit: process {ANSWERED}.events.v1"
    ]

    assert [(str(span), span.kind) for span in collector.way_to(answered)] == [
        ("gateway: POST /v1/admissions", "server"),
        ("gateway: POST", "client"),
        ("admissions: POST /v1/admissions", "server"),
        ("admissions: request_admission", "internal"),
        (f"admissions: send {ASKED}.events.v1", "producer"),
        (f"beds: process {ASKED}.state.v1", "consumer"),
        (f"beds: send {ANSWERED}.events.v1", "producer"),
        (f"audit: process {ANSWERED}.events.v1", "consumer"),
    ]


async def test_it_goes_on_with_what_admissions_makes_of_the_answer(collector: Collector, trace: str):
    ways = [" > ".join(map(str, collector.way_to(span))) for span in collector.of(trace)]
    followed = f"beds: send {ANSWERED}.events.v1 > admissions: process {ANSWERED}.state.v1 > "
    assert any(
        way.endswith(f"{followed}admissions: send {ASKED}.events.v1 > audit: process {ASKED}.events.v1")
        for way in ways
    )
    assert not any(span.failed for span in collector.of(trace))


async def test_it_names_nobody(collector: Collector, trace: str):
    for span in collector.of(trace):
        for text in (span.name, *map(str, span.attributes.values())):
            assert WORD.fullmatch(text), f"{span}: {text}"


async def test_the_logs_carry_its_id_beside_that_of_the_request(hospital: Hospital, trace: str):
    requests = [line for line in _lines(hospital, trace) if line["event"] == "request"]

    assert {line["service"] for line in requests} >= {"gateway", "admissions"}
    assert len({line["correlation_id"] for line in requests}) == 1
    assert len({line["span_id"] for line in requests}) == len(requests)


async def test_who_asks_for_no_trace_gets_none(collector: Collector, trace: str):
    """The requests before it would have been told before it."""
    assert {span.trace for span in collector.spans} == {trace}


def _lines(hospital: Hospital, trace: str) -> Iterator[dict[str, str]]:
    for name in LOGS:
        for line in (hospital.stack.logs / f"{name}.log").read_text().splitlines():
            if trace in line:
                yield json.loads(line)


def test_a_span_that_says_more_would_be_noticed():
    told = Span("beds", "server", "GET /v1/patients/Quillfeather, Tabitha", "", "", "", False, {})
    assert not WORD.fullmatch(told.name)
