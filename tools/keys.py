"""Replacing keys: the texts of the settings before and after each step (docs/operations.md, *Replacing keys*)."""

import base64
import json
import secrets
from typing import Any

from tools.stack.secrets import new_keyset


class NotYet(Exception):
    """The step before this one has not been done."""


def new_master(keyset: str) -> str:
    """With one more key, which only reads: every replica must know it before one writes with it."""
    now, more = json.loads(keyset), json.loads(new_keyset())
    if len(now["key"]) > 1:
        raise NotYet("There are two master keys already: promote the new one, or drop the old one.")
    return _text(now["primaryKeyId"], [*now["key"], *more["key"]])


def promoted_master(keyset: str) -> str:
    """With the newest key as the one that writes."""
    now = json.loads(keyset)
    if now["primaryKeyId"] == now["key"][-1]["keyId"]:
        raise NotYet("There is no new master key to promote: add one first.")
    return _text(now["key"][-1]["keyId"], now["key"])


def dropped_master(keyset: str) -> str:
    """With the key that writes alone."""
    now = json.loads(keyset)
    newest = now["key"][-1]
    if len(now["key"]) == 1 or now["primaryKeyId"] != newest["keyId"]:
        raise NotYet("There is no old master key to drop: add a new one and promote it first.")
    return _text(newest["keyId"], [newest])


def _text(primary: int, keys: list[dict[str, Any]]) -> str:
    return json.dumps({"primaryKeyId": primary, "key": keys})


def new_key(numbered: str) -> str:
    """Search keys `1:…,2:…` with one more. Of none, the first."""
    keys = [part for part in numbered.split(",") if part]
    if len(keys) > 1:
        raise NotYet("There are two search keys already: drop the old one first.")
    number = int(keys[-1].partition(":")[0]) + 1 if keys else 1
    return ",".join([*keys, f"{number}:{base64.urlsafe_b64encode(secrets.token_bytes(32)).decode()}"])


def dropped_key(numbered: str) -> str:
    """With the newest alone."""
    keys = numbered.split(",")
    if len(keys) < 2:
        raise NotYet("There is no old search key to drop: add a new one first.")
    return keys[-1]
