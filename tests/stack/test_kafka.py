"""The embedded Kafka."""

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

from common.embedded import Kafka


@pytest.fixture
def broker(scratch):
    broker = Kafka(scratch / "kafka-to-break")
    broker.start()
    yield broker
    broker.stop()
    broker.remove()


async def create_topic(broker: Kafka, name: str) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=broker.bootstrap)
    await admin.start()
    await admin.create_topics([NewTopic(name, 1, 1)])
    await admin.close()


async def send(broker: Kafka, topic: str, value: bytes) -> None:
    async with AIOKafkaProducer(bootstrap_servers=broker.bootstrap, acks="all") as producer:
        await producer.send_and_wait(topic, value)


async def first_record(broker: Kafka, topic: str) -> bytes | None:
    async with AIOKafkaConsumer(bootstrap_servers=broker.bootstrap, auto_offset_reset="earliest") as consumer:
        consumer.assign([TopicPartition(topic, 0)])
        value: bytes | None = (await consumer.getone()).value
        return value


async def test_acknowledged_records_survive_a_crash(broker):
    await create_topic(broker, "movements")
    await send(broker, "movements", b"arrived")

    broker.kill()
    broker.start()

    assert await first_record(broker, "movements") == b"arrived"


async def test_a_topic_is_never_created_by_use(kafka):
    admin = AIOKafkaAdminClient(bootstrap_servers=kafka.bootstrap)
    await admin.start()
    (answer,) = await admin.describe_topics(["nobody-created-me"])
    await admin.close()
    assert answer["error_code"] == 3  # UNKNOWN_TOPIC_OR_PARTITION
