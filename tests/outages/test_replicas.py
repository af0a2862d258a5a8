"""Two replicas of everything: work is shared, nothing is done twice, and one goes on when the other is killed."""

import asyncio
from functools import partial

from confluent_kafka.admin import AdminClient

from admissions.events import ADMISSION
from beds.events import BED, PLACEMENT
from tests.flows.agreement import agreed
from tests.outages.house import House
from tests.outages.telling import beds_as_worked, told_once_in_order, versions_of
from tests.outages.working import working
from tests.support.waiting import eventually
from tools.stack.programs import PROGRAMS

ROUTES = ("/v1/beds", "/v1/admissions", "/v1/audit/entries", "/v1/me")


async def test_both_serve_and_one_publishes(house: House):
    before = {name: await requests(house, name) for name in house.all_replicas}
    auditor = await house.hospital.staff("auditor")
    for path in ROUTES:
        person = auditor if "audit" in path else house.hospital.bed_manager
        devices = [house.hospital.another_device(person) for _ in range(8)]
        await asyncio.gather(*(device.read(path) for device in devices))
    for name, earlier in before.items():
        assert await requests(house, name) > earlier, f"{name} was not asked"

    for program in PROGRAMS:
        assert await house.active(program.name)
    assert await writer_of_the_log(house)


async def test_the_partitions_are_shared(house: House):
    for consumer in ("beds", "admissions"):
        first, second = await eventually(partial(both_have_some, house, consumer))
        assert not first & second
        topics = {topic for topic, _ in first | second}
        assert first | second == {(topic, partition) for topic in topics for partition in range(3)}


async def test_one_is_killed_and_the_other_does_everything(house: House):
    """Whoever leads is killed in every program at once, in the middle of the work."""
    hospital = house.hospital
    ward = await hospital.a_department(beds=4)
    leaders = [await house.active(program) for program in ("beds", "admissions", "gateway")]
    leaders.append(await writer_of_the_log(house))
    async with working(house) as work:
        await work.goes_on(2)
        for name in leaders:
            house.stack.kill(name)
        await work.goes_on(3)
        for killed in leaders:
            assert await house.active(killed.removesuffix("-2")) == house.twin(killed)
        admissions = [(await hospital.an_admission(ward))["id"] for _ in range(5)]
        await agreed(hospital, admissions)

    await told_once_in_order(house, BED, await beds_as_worked(house, work.done))
    for topic in (ADMISSION, PLACEMENT):
        await told_once_in_order(house, topic, await versions_of(house, topic, admissions))
    await house.start(*leaders)
    await house.are_all("ok", *house.all_replicas)


async def writer_of_the_log(house: House) -> str:
    """The one replica of audit that enters what is told."""

    async def one() -> str | None:
        replicas = house.replicas("audit")
        writing = [(await house.scrape(name)).value("wardline_audit_active") for name in replicas]
        return replicas[writing.index(1)] if sorted(writing) == [0, 1] else None

    name: str = await eventually(one, within=30, every=0.2)
    return name


async def requests(house: House, name: str) -> float:
    """How many requests of people this replica has answered."""
    scraped = await house.scrape(name)
    counted = [s for s in scraped.samples if s.name == "http_server_request_duration_seconds_count"]
    return sum(sample.value for sample in counted if sample.labels["http_route"].startswith("/v1"))


async def both_have_some(house: House, consumer: str) -> list[set[tuple[str, int]]] | None:
    """The partitions of each of two members, once there are two and none is without."""
    shares = await asyncio.to_thread(_shares, house.bootstrap, consumer)
    return shares if len(shares) == 2 and all(shares) else None


def _shares(bootstrap: str, consumer: str) -> list[set[tuple[str, int]]]:
    client = AdminClient({"bootstrap.servers": bootstrap})
    members = client.describe_consumer_groups([consumer])[consumer].result(timeout=10).members
    return [
        {(partition.topic, partition.partition) for partition in member.assignment.topic_partitions}
        for member in members
    ]
