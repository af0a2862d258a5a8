"""The AsyncAPI document is one, says the parser of the makers of AsyncAPI."""

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.contracts.asyncapi_parser import verdicts
from tools.contracts.headers import HEADERS
from tools.contracts.published import event_types

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.timeout(300)  # the first run in a checkout installs the parser

HELD = "hospital.beds.bed.held.v1"
Document = dict[str, Any]


def _with_unknown_act(document: Document) -> None:
    next(iter(document["operations"].values()))["action"] = "shout"


def _without_a_payload_file(document: Document) -> None:
    document["components"]["messages"][HELD]["payload"]["$ref"] = "./events/nowhere.json"


SPOILT: dict[str, Callable[[Document], None]] = {
    "act": _with_unknown_act,
    "payload": _without_a_payload_file,
}


@pytest.fixture(scope="module")
def judged(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Document]:
    """The verdict on what is committed, and on copies that were spoilt."""
    folder = tmp_path_factory.mktemp("contracts")
    shutil.copytree(ROOT / "contracts" / "events", folder / "events")
    documents = {"committed": ROOT / "contracts" / "asyncapi.yaml"}
    for name, spoil in SPOILT.items():
        document = yaml.safe_load(documents["committed"].read_text())
        spoil(document)
        documents[name] = folder / f"{name}.yaml"
        documents[name].write_text(yaml.safe_dump(document))
    return dict(zip(documents, verdicts(list(documents.values())), strict=True))


def test_the_parser_accepts_it(judged: dict[str, Document]):
    assert judged["committed"]["errors"] == []
    assert judged["committed"]["accepted"]


def test_every_topic_is_a_channel(judged: dict[str, Document]):
    topics = {topic for kind in event_types() for topic in kind.channels}
    assert set(judged["committed"]["channels"]) == topics


def test_every_message_has_its_payload_and_the_headers(judged: dict[str, Document]):
    payloads, headers = judged["committed"]["payloads"], judged["committed"]["headers"]
    for kind in event_types():
        assert payloads.pop(kind.name) == list(kind.schema()["properties"])
        assert headers.pop(kind.name) == list(HEADERS["properties"])
    assert not payloads
    assert not headers


@pytest.mark.parametrize("spoilt", SPOILT)
def test_the_parser_refuses_what_is_none(judged: dict[str, Document], spoilt: str):
    assert judged[spoilt]["errors"]
    assert not judged[spoilt]["accepted"]
