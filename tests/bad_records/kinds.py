"""Every kind of record that may lie on a topic of ours, and where it ends: at a service, and in the audit log."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import uuid4

import orjson
from confluent_kafka import Producer

from common.ids import new_id
from tests.common.records import send_with_unreadable_header_key
from tests.contracts import delivering
from tools.contracts.examples import examples

#: A type that each topic carries, and the field of its payload that is the key.
CARRIED = {
    "hospital.admissions.admission.state.v1": ("hospital.admissions.admission.cancelled.v1", "id"),
    "hospital.beds.placement.state.v1": ("hospital.beds.placement.withdrawn.v1", "admission_id"),
    "hospital.beds.department.state.v1": ("hospital.beds.department.opened.v1", "id"),
    "hospital.admissions.patient.state.v1": ("hospital.admissions.patient.erased.v1", "id"),
    "hospital.beds.bed.events.v1": ("hospital.beds.bed.held.v1", "id"),
}
PASSED_OVER = "passed over"
APPLIED = "applied"


@dataclass(frozen=True)
class Sent:
    """One record on its way."""

    topic: str
    key: bytes | None
    value: bytes | None
    headers: Mapping[str, bytes]
    codec: str = "none"

    def told(self, **headers: bytes) -> "Sent":
        """With other headers."""
        return replace(
            self, headers={**self.headers, **{f"ce_{name}": said for name, said in headers.items()}}
        )

    def said(self, **payload: Any) -> "Sent":
        """With another payload."""
        return replace(self, value=orjson.dumps({**orjson.loads(self.value or b"{}"), **payload}))


def good(topic: str) -> Sent:
    """A well-formed record of an aggregate that nobody knows."""
    name, key_field = CARRIED[topic]
    key = str(uuid4())
    example = delivering.a_record(topic, name)
    headers = dict(example.headers) | {
        "ce_id": str(new_id()).encode(),
        "ce_subject": examples()[name].subject.partition("/")[0].encode() + b"/" + key.encode(),
        "ce_partitionkey": key.encode(),
    }
    headers.pop("ce_streamseq")  # no number of a producer that lives
    value = orjson.dumps(orjson.loads(example.value) | {key_field: key})
    return Sent(topic, key.encode(), value, headers)


@dataclass(frozen=True)
class Kind:
    """What is wrong with a record. `at_a_service`: the reason of its dead letter, or that it gets none."""

    spoil: Callable[[Sent], Sent]
    at_a_service: str
    in_the_log: str | None


def _without(sent: Sent, name: str) -> Sent:
    return replace(sent, headers={key: said for key, said in sent.headers.items() if key != name})


KINDS: Mapping[str, Kind] = {
    "a header value that is not UTF-8": Kind(
        lambda sent: replace(sent, headers={**sent.headers, "x": b"\xff"}),
        "a header or the key is not UTF-8",
        "invalid",
    ),
    "a tombstone": Kind(lambda sent: replace(sent, value=None), "no value", "invalid"),
    "no JSON": Kind(lambda sent: replace(sent, value=b"{"), "not JSON, or a number that is none", "invalid"),
    "no object": Kind(lambda sent: replace(sent, value=b"[1]"), "the payload is not an object", "invalid"),
    "no event id": Kind(lambda sent: _without(sent, "ce_id"), "no ce_id", "invalid"),
    "a field that is missing": Kind(
        lambda sent: replace(sent, value=b"{}"), "payload: {field} missing", None
    ),
    "a field that makes no sense": Kind(
        lambda sent: sent.said(**{CARRIED[sent.topic][1]: "Doe, Jane"}), "payload: {field} uuid_parsing", None
    ),
    "a form of later": Kind(
        lambda sent: sent.told(type=sent.headers["ce_type"][:-1] + b"2"), PASSED_OVER, None
    ),
    "a new word for what happened": Kind(
        lambda sent: sent.told(type=sent.headers["ce_type"].rsplit(b".", 2)[0] + b".blessed.v1"),
        APPLIED,
        None,
    ),
    "a type of another topic": Kind(
        lambda sent: sent.told(type=b"hospital.beds.room.added.v1"),
        "the type does not belong to this topic",
        "invalid",
    ),
    "more than there may be": Kind(
        lambda sent: sent.said(padding="x" * 40_000), "more than 32768 bytes", "oversize"
    ),
    "another key": Kind(
        lambda sent: replace(sent, key=b"another"), "the key is not the partition key", "invalid"
    ),
    "the key of another aggregate": Kind(
        lambda sent: replace(sent, key=b"another").told(partitionkey=b"another"),
        "the key is not that of the subject",
        "invalid",
    ),
    "a foreign source": Kind(
        lambda sent: sent.told(source=b"/hospital/elsewhere"), "the source does not own this topic", "invalid"
    ),
    **{
        f"compressed with {codec}": Kind(lambda sent, codec=codec: replace(sent, codec=codec), APPLIED, None)  # type: ignore[misc]
        for codec in ("gzip", "snappy", "lz4", "zstd")
    },
}


@dataclass
class Writer:
    """A careless partner with another client, and where in the topic each record came to lie."""

    bootstrap: str
    topic: str
    partition: int
    at: dict[str, int] = field(default_factory=dict)

    def write(self, kind: str, sent: Sent) -> None:
        producer = Producer(
            {
                "bootstrap.servers": self.bootstrap,
                "compression.type": sent.codec,
                "partitioner": "murmur2_random",
            }
        )
        lies: list[int] = []
        producer.produce(
            self.topic,
            sent.value,
            sent.key,
            partition=self.partition,
            headers=dict(sent.headers),
            on_delivery=lambda error, message: lies.append(-1 if error else message.offset() or 0),
        )
        assert producer.flush(20) == 0
        assert lies[0] >= 0, kind
        self.at[kind] = lies[0]

    def write_all(self) -> None:
        """Each kind between two good records, an old record again, and other words under its id."""
        first = good(self.topic)
        self.write("good", first)
        for name, kind in KINDS.items():
            self.write(name, kind.spoil(good(self.topic)))
            self.write(f"good after {name}", good(self.topic))
        self.write("replay", first)
        self.write("other words under its id", first.said(changed_by="user/other"))

    async def write_unreadable(self) -> None:
        self.at["a header key that is not UTF-8"] = await send_with_unreadable_header_key(
            self.bootstrap, self.topic, self.partition
        )
