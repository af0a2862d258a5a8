"""The secrets of a stack: each is made once and kept in a file that only its user can read."""

import base64
import json
import os
import secrets
from collections.abc import Callable
from pathlib import Path
from threading import RLock

import tink
from joserfc.jwk import OKPKey
from tink import aead, json_proto_keyset_format, secret_key_access

SEARCH_KEYS = "admissions-search-keys"


class Secrets:
    """Secrets in `folder`, by name."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._making = RLock()

    def password(self, name: str) -> str:
        """A password that a person could type: 80 random bits."""
        return self._kept(f"{name}-password", lambda: "-".join(secrets.token_hex(2) for _ in range(5)))

    def key(self, name: str) -> str:
        """32 random bytes as base64url."""
        return self._kept(f"{name}-key", lambda: base64.urlsafe_b64encode(secrets.token_bytes(32)).decode())

    def keyset(self, name: str) -> str:
        """A Tink AES256-GCM keyset as JSON."""
        return self._kept(f"{name}-keyset.json", new_keyset)

    def search_keys(self) -> str:
        """The numbered keys by which patients are found; the first is the index key of admissions."""
        return self._kept(SEARCH_KEYS, lambda: f"1:{self.key('admissions-index')}")

    def token_private_key(self) -> str:
        """The Ed25519 key that signs service tokens, as a JWK."""
        return self._kept(
            "token-key.json", lambda: json.dumps(OKPKey.generate_key("Ed25519").as_dict(private=True))
        )

    def token_public_key(self) -> str:
        """What verifies them, as a JWK."""
        return json.dumps(OKPKey.import_key(json.loads(self.token_private_key())).as_dict(private=False))

    def write(self, name: str, text: str) -> None:
        """Keep this text; it is there as a whole or not at all."""
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = self._folder / f".{name}"
        partial.touch(mode=0o600)
        with partial.open("w") as file:
            file.write(text)
            file.flush()
            os.fsync(file.fileno())  # a lost key is lost data
        partial.rename(self._folder / name)

    def forget(self, name: str) -> None:
        """Delete this text."""
        (self._folder / name).unlink(missing_ok=True)

    def _kept(self, name: str, make: Callable[[], str]) -> str:
        path = self._folder / name
        with self._making:  # programs that start side by side must get the same
            if not path.exists():
                self.write(name, make())
        return path.read_text()


def new_keyset() -> str:
    """A fresh Tink AES256-GCM keyset as JSON."""
    aead.register()
    handle = tink.new_keyset_handle(aead.aead_key_templates.AES256_GCM)
    keyset: str = json_proto_keyset_format.serialize(handle, secret_key_access.TOKEN)
    return keyset
