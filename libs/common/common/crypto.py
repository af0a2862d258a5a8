"""Encryption of fields under a key per subject, and the keyed index that equality searches use."""

import hmac
import os
import unicodedata
from hashlib import sha256
from uuid import UUID

import sqlalchemy as sa
from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy.dialects.postgresql import BYTEA, UUID as Uuid
from tink import TinkError, aead, json_proto_keyset_format, secret_key_access

NONCE_BYTES = 12
_FORMAT = b"\x01"
TINK_PREFIX = b"\x01"
PREFIX_BYTES = 5
"""Tink's ciphertexts begin with a format byte and the id of their key."""
NORMALISATION_RULE = 1

aead.register()


class Unreadable(Exception):
    """The ciphertext was not made under this key for this field and subject."""


class MasterKeys:
    """The versioned master keyset; its primary key wraps new subject keys, older ones still unwrap."""

    def __init__(self, keyset: str) -> None:
        """Raises `ValueError`."""
        try:
            handle = json_proto_keyset_format.parse(keyset, secret_key_access.TOKEN)
            self._aead = handle.primitive(aead.Aead)
        except TinkError:  # it quotes what it cannot read
            raise ValueError("not a Tink keyset in JSON") from None
        self.current = TINK_PREFIX + handle.keyset_info().primary_key_id.to_bytes(4, "big")
        """How everything begins that the primary key has encrypted."""

    def wrap(self, key: bytes, subject: UUID) -> bytes:
        wrapped: bytes = self._aead.encrypt(key, subject.bytes)
        return wrapped

    def subject_key(self, wrapped: bytes, subject: UUID) -> "SubjectKey":
        """Raises `Unreadable` for a key that was wrapped for another subject or under a master key that is gone."""
        try:
            return SubjectKey(self._aead.decrypt(wrapped, subject.bytes), subject)
        except TinkError:
            raise Unreadable("subject key") from None

    def rewrapped(self, wrapped: bytes, subject: UUID) -> bytes:
        """The same key under the primary. Raises `Unreadable` like `subject_key`."""
        try:
            return self.wrap(self._aead.decrypt(wrapped, subject.bytes), subject)
        except TinkError:
            raise Unreadable("subject key") from None

    def new_subject_key(self, subject: UUID) -> tuple["SubjectKey", bytes]:
        """A fresh key and the same key wrapped for storage."""
        key = AESGCM.generate_key(bit_length=256)
        return SubjectKey(key, subject), self.wrap(key, subject)

    def seal(self, content: bytes, purpose: str) -> bytes:
        """Encrypts what belongs to no subject, such as the bytes of a dead letter."""
        sealed: bytes = self._aead.encrypt(content, purpose.encode())
        return sealed

    def open(self, sealed: bytes, purpose: str) -> bytes:
        """Raises `Unreadable` for what was sealed for another purpose or under a master key that is gone."""
        try:
            content: bytes = self._aead.decrypt(sealed, purpose.encode())
        except TinkError:
            raise Unreadable(purpose) from None
        return content


class SubjectKey:
    """The key of one person or conversation. Destroying it makes every field unreadable."""

    def __init__(self, key: bytes, subject: UUID) -> None:
        self._cipher, self._subject = AESGCM(key), subject

    def encrypt(self, field: str, text: str) -> bytes:
        """`field` is a permanent logical name such as `patient.mrn`, never that of a table or column."""
        nonce = os.urandom(NONCE_BYTES)
        return _FORMAT + nonce + self._cipher.encrypt(nonce, text.encode(), self._bound_to(field))

    def decrypt(self, field: str, sealed: bytes) -> str:
        """Raises `Unreadable` for bytes of another field, subject or key."""
        start, nonce, content = sealed[:1], sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        if start != _FORMAT or len(nonce) < NONCE_BYTES:
            raise Unreadable(field)
        try:
            return self._cipher.decrypt(nonce, content, self._bound_to(field)).decode()
        except InvalidTag:
            raise Unreadable(field) from None

    def _bound_to(self, field: str) -> bytes:
        return f"{field}|{self._subject}".encode()


def normalised(text: str) -> str:
    """Rule 1: NFKC, casefold, runs of white space squeezed to one blank."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())


class KeyedIndex:
    """HMAC-SHA-256 of normalised values: equal values meet, and nobody without the key can search for one."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def digest(self, field: str, *parts: str) -> bytes:
        message = "\x1f".join((field, str(NORMALISATION_RULE), *map(normalised, parts)))
        return hmac.digest(self._key, message.encode(), sha256)


def subject_key_table(metadata: sa.MetaData) -> sa.Table:
    """Where a service keeps the wrapped keys of its subjects."""
    return sa.Table(
        "subject_key",
        metadata,
        sa.Column("subject_id", Uuid, primary_key=True),
        sa.Column("wrapped", BYTEA, nullable=False),
        sa.Column(
            "created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.clock_timestamp()
        ),
        sa.Index("subject_key_master", sa.text(f"substr(wrapped, 1, {PREFIX_BYTES})")),
    )
