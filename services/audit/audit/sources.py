"""Where the log listens: every partition of every events topic of the hospital, found as they come."""

import re

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

#: Never state topics: they repeat the same facts.
_EVENTS_TOPIC = re.compile(r"hospital\..+\.events\.v1")


async def events_partitions(admin: AIOKafkaAdminClient) -> frozenset[TopicPartition]:
    """All that the cluster has now."""
    return frozenset(
        TopicPartition(topic["topic"], partition["partition"])
        for topic in await admin.describe_topics()
        if _EVENTS_TOPIC.fullmatch(topic["topic"])
        for partition in topic["partitions"]
    )
