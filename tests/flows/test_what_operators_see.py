"""What a hospital that is at work tells Prometheus."""

import httpx2
import pytest
import pytest_asyncio

from tests.support.hospital import Department, Hospital
from tests.support.scraping import Scraped, scraped
from tests.support.waiting import eventually

REQUESTS = "http_server_request_duration_seconds_count"
PRODUCERS = {"/hospital/beds", "/hospital/admissions", "/hospital/gateway", "/hospital/audit"}


async def told_by(hospital: Hospital, name: str) -> Scraped:
    async with httpx2.AsyncClient(base_url=hospital.stack.url(name), trust_env=False) as client:
        return await scraped(client)


@pytest_asyncio.fixture(scope="module")
async def ward(hospital: Hospital) -> Department:
    """One with a bed for each stay of these tests."""
    return await hospital.a_department(beds=8)


async def a_stay(hospital: Hospital, ward: Department) -> None:
    """A patient is admitted, arrives and leaves; somebody asks who that is, and somebody whose business it is not."""
    admission = await hospital.an_admission(ward)
    placement = f"/v1/placements/{admission['id']}"
    await hospital.bed_manager.do(f"{placement}/arrival", {"bed_id": admission["placement"]["bed_id"]})
    await hospital.bed_manager.ask("GET", f"/v1/patients/{admission['patient_id']}")
    await (await hospital.staff("housekeeping")).ask("GET", f"/v1/patients/{admission['patient_id']}")
    await hospital.bed_manager.do(f"{placement}/departure", {"reason_code": "home"})


@pytest.mark.parametrize("name", ["gateway", "beds", "admissions", "audit"])
async def test_names_are_prometheus_and_labels_name_nobody(hospital: Hospital, ward: Department, name: str):
    await a_stay(hospital, ward)

    now = await told_by(hospital, name)

    assert list(now.unconventional()) == []
    assert now.value("wardline_health_state", state="ok") == 1
    assert now.value("wardline_relay_active") == 1
    assert now.value("process_resident_memory_bytes") > 1e6


async def test_a_request_is_counted_at_the_gateway_and_by_its_template_at_the_service(
    hospital: Hospital, ward: Department
):
    async def counted() -> tuple[float, float]:
        gateway, beds = await told_by(hospital, "gateway"), await told_by(hospital, "beds")
        arrivals = {"http_request_method": "POST", "http_route": "/v1/placements/{admission_id}/arrival"}
        return (
            sum(gateway.all(REQUESTS, http_request_method="POST", http_route="/v1/placements")),
            sum(beds.all(REQUESTS, **arrivals, http_response_status_code="201")),
        )

    before = await counted()
    await a_stay(hospital, ward)
    after = await counted()

    assert (after[0] - before[0], after[1] - before[1]) == (2, 1)


async def test_nothing_that_happened_is_missing_from_the_log(hospital: Hospital, ward: Department):
    await a_stay(hospital, ward)

    async def complete() -> bool:
        now = await told_by(hospital, "audit")
        streams = {
            sample.labels["source"]: sample.value
            for sample in now.samples
            if sample.name == "wardline_audit_stream_first_missing"
        }
        assert PRODUCERS - {"/hospital/audit"} <= streams.keys() <= PRODUCERS
        lags = now.all("wardline_audit_lag_records")
        assert lags, "it is told also when it is 0"
        return not any([*streams.values(), *now.all("wardline_audit_sequence_first_missing"), *lags])

    await eventually(complete, within=30)
