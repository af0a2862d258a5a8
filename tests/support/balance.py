"""Whether the books of a hospital agree: tables, outboxes, topics and the log tell one and the same story."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Sequence
from hashlib import sha256
from itertools import pairwise
from typing import Any
from uuid import UUID

from confluent_kafka import Message

from tests.flows.agreement import AGREE
from tests.support.books import TABLES, Books
from tests.support.insisting import Acknowledged
from tests.support.linear_reader import OutOfStep, rebuild
from tests.support.retelling import Told, differences, past


def assert_balanced(books: Books) -> None:
    """Fails with everything that does not agree."""
    wrong = [
        complaint
        for judge in (
            *(published, versions, states, log, rebuilt, presence, offers, reservations),
            *(retold, both_sides, forgotten, bookkeeping),
        )
        for complaint in judge(books)
    ]
    assert not wrong, f"{len(wrong)} complaints:\n" + "\n".join(wrong[:30])


def assert_kept(books: Books, promises: Sequence[Acknowledged]) -> None:
    """Whatever was answered with success has its outcome, committed with its effect, in one of the databases.

    What the answer showed is what was made then, however often it had been asked for.
    """
    kept = {
        (row["user_id"], row["key"]): str(row["resource"])
        for tables in books.tables.values()
        for row in tables["idempotency"]
    }
    assert promises
    assert [one for one in promises if (one.user_id, one.key) not in kept] == []
    assert [one for one in promises if one.resource not in (None, kept[one.user_id, one.key])] == []


def published(books: Books) -> Iterator[str]:
    """Every row of an outbox is in its topics, in the order of its aggregate, byte for byte; nothing else is."""
    for outbox in books.outboxes.values():
        values = {str(row["id"]): row["value"] for row in outbox}
        for column in ("events_topic", "state_topic"):
            wanted: dict[tuple[str, str], list[str]] = defaultdict(list)
            for row in outbox:
                if row[column] is not None:
                    wanted[row[column], str(row["key"])].append(str(row["id"]))
            found = _first_of_each(books, {topic for topic, _ in wanted})
            for place in wanted.keys() | found.keys():
                told = [_header(record, "ce_id") for record in found[place]]
                if wanted[place] != told:
                    yield f"{place}: recorded {wanted[place]}, published {told}"
                for event, record in zip(told, found[place], strict=True):
                    if values.get(event) != record.value():
                        yield f"{place}: {event} has other bytes than its outbox row"


def versions(books: Books) -> Iterator[str]:
    """The versions of an aggregate are 1, 2, 3, …; so are the numbers of a service's stream."""
    for service, outbox in books.outboxes.items():
        events = [row for row in outbox if row["events_topic"] is not None]
        by_key: dict[UUID, list[int]] = defaultdict(list)
        for row in events:
            by_key[row["key"]].append(row["version"])
        for key, told in by_key.items():
            if told != list(range(1, len(told) + 1)):
                yield f"{service} {key}: versions {told}"
        numbers = sorted(row["stream_n"] for row in events)
        if numbers != list(range(1, len(numbers) + 1)):
            yield f"{service}: stream numbers {_holes(numbers)} are not contiguous"
        (stream,) = books.tables[service]["outbox_stream"]
        if stream["last_n"] != len(numbers):
            yield f"{service}: the stream is at {stream['last_n']}, its events end at {len(numbers)}"


def states(books: Books) -> Iterator[str]:
    """The last value of each key in a state topic is the row of its table."""
    for topic, records in books.records.items():
        if ".state." in topic:
            last = {_key(record): record for record in _of_ours(records)}
            told = {
                key: json.loads(record.value() or b"") | {"version": int(_header(record, "ce_sequence"))}
                for key, record in last.items()
            }
            yield from _against_table(books, topic, told)


def log(books: Books) -> Iterator[str]:
    """Each event has one leaf, each offset is accounted for, and the leaves are numbered without a hole."""
    positions = [entry["position"] for entry in books.log]
    (size,) = books.tables["audit"]["log_size"]
    if positions != list(range(size["size"])):
        yield f"the log of {size['size']} has the positions {_holes(positions)}"
    for entry in books.log:
        if sha256(b"\0" + entry["leaf"]).digest() != entry["leaf_hash"]:
            yield f"leaf {entry['position']} has another hash"
    entered = Counter(entry["event_id"] for entry in books.log if entry["kind"] is None)
    recorded = Counter(
        str(row["id"])
        for outbox in books.outboxes.values()
        for row in outbox
        if row["events_topic"] is not None
    )
    for event in entered.keys() | recorded.keys():
        if entered[event] != recorded[event]:
            yield f"event {event} is recorded {recorded[event]} times and entered {entered[event]} times"
    duplicates = books.tables["audit"]["duplicate"]
    accounted = Counter(
        (e["topic"], e["partition"]) for e in (*books.log, *duplicates) if e["topic"] != "log"
    )
    for place, end in books.ends.items():
        if ".events." in place[0] and accounted[place] != end:
            yield f"{place} ends at {end}, the log accounts for {accounted[place]}"
    for table in ("gap", "reread"):
        yield from (f"{table}: {dict(row)}" for row in books.tables["audit"][table])


def rebuilt(books: Books) -> Iterator[str]:
    """Who reads nothing but the log, in its order, knows every bed, every placement and all the rest."""
    try:
        told = rebuild(entry["leaf"] for entry in books.log)
    except OutOfStep as step:
        yield str(step)
        return
    for topic in told:
        yield from _against_table(books, topic, told[topic])


def presence(books: Books) -> Iterator[str]:
    """Beds, placements, the occupancy and the movements say the same of who is where."""
    beds = books.tables["beds"]
    placements = {row["admission_id"]: row for row in beds["placement"]}
    holds = defaultdict(set)
    for row in (*beds["placement"], *beds["transfer"]):
        holds[row["admission_id"]].add(row["hold_id"])
    living = [row for row in beds["occupancy"] if row["kind"] == "stay" and row["period"].upper is None]
    stays = Counter((row["bed_id"], row["admission_id"]) for row in living)
    taken = {row["admission_id"] for row in beds["bed"] if row["state"] in ("held", "occupied")}
    for row in beds["bed"]:
        if row["state"] == "occupied":
            placement = placements[row["admission_id"]]
            if (placement["state"], placement["bed_id"]) not in (
                ("in_bed", row["id"]),
                ("on_leave", row["id"]),
            ):
                yield f"bed {row['id']} is occupied by {row['admission_id']}, who is {placement['state']}"
            if stays.pop((row["id"], row["admission_id"]), 0) != 1:
                yield f"bed {row['id']} is occupied by {row['admission_id']} without exactly one stay"
        elif row["state"] == "held" and row["hold_id"] not in holds[row["admission_id"]]:
            yield f"bed {row['id']} is held for {row['admission_id']}, who does not hold it"
    yield from (f"stay of {admission} in bed {bed}, which is not occupied" for bed, admission in stays)
    pending = {row["id"] for row in beds["transfer"] if row["state"] in ("requested", "accepted")}
    if pending != {row["transfer_id"] for row in beds["placement"]} - {None}:
        yield "placements name other transfers than those that are pending"
    for row in beds["placement"]:
        if row["state"] in ("held", "in_bed", "on_leave") and row["admission_id"] not in taken:
            yield f"placement {row['admission_id']} is {row['state']} in a bed that does not know it"


def reservations(books: Books) -> Iterator[str]:
    """Placements and the occupancy know of every bed that is reserved, and of no other."""
    beds = books.tables["beds"]
    reserved = {row["id"] for row in beds["reservation"] if row["state"] == "reserved"}
    if reserved != {row["reservation_id"] for row in beds["placement"]} - {None}:
        yield "placements name other reservations than those that are made"
    kept = {row["id"] for row in beds["occupancy"] if row["kind"] == "hold" and not row["void"]}
    yield from (f"reservation {one} keeps its bed from nobody" for one in reserved - kept)


def offers(books: Books) -> Iterator[str]:
    """An offer is open as long as its placement has its hold."""
    beds = books.tables["beds"]
    opened = {row["id"] for row in beds["offer"] if row["state"] == "offered"}
    if opened != {row["offer_id"] for row in beds["placement"]} - {None}:
        yield "placements name other offers than those that are open"


def retold(books: Books) -> Iterator[str]:
    """The topics alone tell every movement of every patient, every state in which a bed was and who had it when."""
    placements = _told(books, "hospital.beds.placement.events.v1")
    yield from past(books.tables["beds"], placements, _told(books, "hospital.beds.bed.events.v1"))


def _told(books: Books, topic: str) -> dict[str, list[Told]]:
    """The events of a topic by key, each once and in its order."""
    return {
        key: [
            Told(_header(record, "ce_type").split(".")[-2], json.loads(record.value() or b""))
            for record in records
        ]
        for (_, key), records in _first_of_each(books, {topic}).items()
    }


def both_sides(books: Books) -> Iterator[str]:
    """Beds and admissions say the same of every admission (domain §2)."""
    heard = {row["admission_id"]: row for row in books.tables["admissions"]["heard_placement"]}
    placements = {row["admission_id"]: row for row in books.tables["beds"]["placement"]}
    for admission in books.tables["admissions"]["admission"]:
        key = admission["id"]
        placement, known = placements.pop(key, None), heard.get(key)
        if placement is None or known is None:
            yield f"admission {key} has no answer"
            continue
        if admission["state"] not in AGREE[placement["state"]]:
            yield f"admission {key} is {admission['state']}, its placement {placement['state']}"
        if placement["want_version"] != admission["want_version"]:
            yield f"admission {key}: want {admission['want_version']}, answered {placement['want_version']}"
        for name in ("version", "want_version", "state", "bed_id"):
            if known[name] != placement[name]:
                yield f"admission {key} has heard {name} {known[name]}, it is {placement[name]}"
    yield from (f"placement {key} of no admission" for key in placements)


def forgotten(books: Books) -> Iterator[str]:
    """Of whoever is erased no key is left: neither that of the identity nor that of any words."""
    identities = {row["subject_id"] for row in books.tables["admissions"]["subject_key"]}
    words = {row["entity_id"]: row["wrapped"] for row in books.tables["gateway"]["note_key"]}
    for patient in books.tables["admissions"]["patient"]:
        if patient["erased_at"] is not None:
            if patient["id"] in identities:
                yield f"patient {patient['id']} is erased, and the identity can be read"
            for one in (patient["id"], *patient["erased_with"]):
                if words.get(one, ...) is not None:
                    yield f"patient {patient['id']} is erased, and the gateway may keep words about {one}"


def bookkeeping(books: Books) -> Iterator[str]:
    """Every idempotency key has its outcome; the history of each admission is as long as its version says."""
    for service, tables in books.tables.items():
        for row in tables["idempotency"]:
            if row["status"] is None or row["resource"] is None:
                yield f"{service}: key {row['key']} was taken and has no outcome"
    changes = Counter(row["admission_id"] for row in books.tables["admissions"]["admission_change"])
    for row in books.tables["admissions"]["admission"]:
        if changes[row["id"]] != row["version"]:
            yield f"admission {row['id']} has version {row['version']} and {changes[row['id']]} changes"


def _against_table(books: Books, topic: str, told: dict[str, dict[str, Any]]) -> Iterator[str]:
    aggregate = topic.removesuffix(".events.v1").removesuffix(".state.v1")
    if aggregate not in TABLES:
        return  # access events: nothing that has a state
    database, table, key = TABLES[aggregate]
    rows = {str(row[key]): row for row in books.tables[database][table]}
    if topic == "hospital.admissions.patient.state.v1":  # the list of the erased
        rows = {one: row for one, row in rows.items() if row["erased_at"] is not None}
    yield from (f"{topic}: {one}" for one in differences(rows, told))


def _first_of_each(books: Books, topics: set[str]) -> dict[tuple[str, str], list[Message]]:
    """The records by topic and key; of what was sent again after a fault only the first."""
    found: dict[tuple[str, str], dict[str, Message]] = defaultdict(dict)
    for topic in topics:
        for record in _of_ours(books.records.get(topic, [])):
            found[topic, _key(record)].setdefault(_header(record, "ce_id"), record)
    return defaultdict(list, {place: list(events.values()) for place, events in found.items()})


def _of_ours(records: list[Message]) -> Iterator[Message]:
    """Those that are what they should be; the tests throw bad ones in, which audit tells apart by itself."""
    for record in records:
        headers: Any = record.headers() or ()
        if "ce_id" in dict(headers):
            yield record


def _key(record: Message) -> str:
    key = record.key()
    assert key is not None
    return key.decode() if isinstance(key, bytes) else key


def _header(record: Message, name: str) -> str:
    headers: Any = record.headers()
    text: str = dict(headers)[name].decode()
    return text


def _holes(numbers: list[int]) -> str:
    return ", ".join(f"{a}→{b}" for a, b in pairwise(numbers) if b != a + 1)[:200] or f"up to {numbers[-1:]}"
