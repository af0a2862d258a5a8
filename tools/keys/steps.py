"""The settings before and after each step (docs/operations.md, *Replacing keys*)."""

import base64
import binascii
import json
import secrets
from collections.abc import Callable, Mapping
from typing import Any

from common.settings import KEY_BYTES
from tools.stack.secrets import new_keyset


class CannotStep(Exception):
    """Why a step is not taken, in a sentence that says what to do. It never quotes a key."""


class NotYet(CannotStep):
    """The step before this one has not been done."""


class NoKeys(CannotStep):
    """Where the keys should be there are none, or something else."""


def master_keys(keyset: str) -> tuple[int, list[dict[str, Any]]]:
    """The id of the key that writes, and all keys, the newest last. Raises `NoKeys`."""
    try:
        now = json.loads(keyset)
        primary, keys = int(now["primaryKeyId"]), list(now["key"])
        if primary not in [key["keyId"] for key in keys]:
            raise ValueError
    except (ValueError, KeyError, TypeError):
        raise NoKeys(
            "The master keyset is no Tink keyset in JSON. Put it back from the safe place."
        ) from None
    return primary, keys


def search_keys(numbered: str) -> dict[int, str]:
    """The keys of `1:…,2:…` by number, the newest last. Raises `NoKeys`."""
    try:
        pairs = (part.strip().partition(":") for part in numbered.split(","))
        keys = {int(number): key for number, _, key in pairs}
        if any(
            len(base64.urlsafe_b64decode(key + "=" * (-len(key) % 4))) != KEY_BYTES for key in keys.values()
        ):
            raise ValueError
    except (ValueError, binascii.Error):
        raise NoKeys(
            "The search keys are not as 1:<key>,2:<key>. Put them back from the safe place."
        ) from None
    return dict(sorted(keys.items()))


def new_master(keyset: str) -> str:
    """With one more key, which only reads: every replica must know it before one writes with it."""
    primary, keys = master_keys(keyset)
    if len(keys) > 1:
        raise NotYet("There are two master keys already: promote the new one, or drop the old one.")
    return _keyset(primary, [*keys, *master_keys(new_keyset())[1]])


def promoted_master(keyset: str) -> str:
    """With the newest key as the one that writes."""
    primary, keys = master_keys(keyset)
    if primary == keys[-1]["keyId"]:
        raise NotYet("There is no new master key to promote: add one first.")
    return _keyset(keys[-1]["keyId"], keys)


def dropped_master(keyset: str) -> str:
    """With the key that writes alone."""
    primary, keys = master_keys(keyset)
    if len(keys) == 1 or primary != keys[-1]["keyId"]:
        raise NotYet("There is no old master key to drop: add a new one and promote it first.")
    return _keyset(primary, keys[-1:])


def _keyset(primary: int, keys: list[dict[str, Any]]) -> str:
    return json.dumps({"primaryKeyId": primary, "key": keys})


def first_search_key() -> str:
    return _numbered({1: _fresh()})


def new_search_key(numbered: str) -> str:
    """With one more key, by which patients are entered and looked for besides."""
    keys = search_keys(numbered)
    if len(keys) > 1:
        raise NotYet("There are two search keys already: drop the old one first.")
    return _numbered({**keys, max(keys) + 1: _fresh()})


def dropped_search_key(numbered: str) -> str:
    """With the newest alone."""
    keys = search_keys(numbered)
    if len(keys) < 2:
        raise NotYet("There is no old search key to drop: add a new one first.")
    return _numbered({max(keys): keys[max(keys)]})


def _fresh() -> str:
    return base64.urlsafe_b64encode(secrets.token_bytes(KEY_BYTES)).decode()


def _numbered(keys: Mapping[int, str]) -> str:
    return ",".join(f"{number}:{key}" for number, key in keys.items())


STEPS: Mapping[str, Mapping[str, Callable[[str], str]]] = {
    "master": {"add": new_master, "promote": promoted_master, "drop": dropped_master},
    "search": {"add": new_search_key, "drop": dropped_search_key},
}
