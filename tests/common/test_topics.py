"""Topics: their names, their whole configuration, their creation."""

import pytest
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType
from aiokafka.errors import InvalidReplicationFactorError

from common.embedded import Kafka
from common.topics import DAY_MS, Topic, configuration, create_topics, names

BED = Topic("beds", "bed", has_state=True)
ACCESS = Topic("beds", "access")


def test_a_topic_is_named_for_its_service_and_aggregate():
    assert names([BED, ACCESS, BED]) == [
        "hospital.beds.bed.events.v1",
        "hospital.beds.bed.state.v1",
        "hospital.beds.access.events.v1",
    ]
    assert BED.event_type("held") == "hospital.beds.bed.held.v1"


@pytest.mark.parametrize("name", [BED.events, BED.state])
def test_a_name_leads_back_to_the_owner(name: str):
    assert Topic.parse(name).source == "/hospital/beds"


@pytest.mark.parametrize(
    "name", ["", "hospital.beds.bed.v1", "partner.x.y.events.v1", "hospital.beds.bed.events.v2"]
)
def test_a_name_that_is_not_ours_leads_nowhere(name: str):
    with pytest.raises(ValueError, match="not a topic of ours"):
        Topic.parse(name)


async def test_topics_are_created_once_as_they_are_configured(kafka: Kafka):
    topic = Topic("topics", "thing", has_state=True)
    await create_topics(kafka.bootstrap, [topic], partitions=3, replication=1)
    await create_topics(kafka.bootstrap, [topic, ACCESS], partitions=3, replication=1)

    assert await configured(kafka, topic.state) >= {
        ("cleanup.policy", "compact"),
        ("min.compaction.lag.ms", str(2 * DAY_MS)),
    }
    assert await configured(kafka, topic.events) >= {
        ("cleanup.policy", "delete"),
        ("retention.ms", str(30 * DAY_MS)),
    }
    assert await configured(kafka, topic.events) >= set(configuration(topic.events, 1).items())


async def configured(kafka: Kafka, name: str) -> set[tuple[str, str]]:
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    (answer,) = await admin.describe_configs([ConfigResource(ConfigResourceType.TOPIC, name)])
    await admin.close()
    return {(entry[0], entry[1]) for entry in answer.resources[0][4]}


async def test_what_kafka_refuses_is_raised(kafka: Kafka):
    """The admin client itself never raises on the error of one topic."""
    with pytest.raises(InvalidReplicationFactorError):
        await create_topics(kafka.bootstrap, [Topic("topics", "other")], partitions=3, replication=3)
