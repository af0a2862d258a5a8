"""Session tokens: 256 random bits for the holder, their SHA-256 for us."""

import re
import secrets
from hashlib import sha256

_FORM = re.compile(r"[A-Za-z0-9_-]{43}")


def new_token() -> str:
    return secrets.token_urlsafe(32)


def digest_of(token: str) -> bytes | None:
    """What the database knows of it; None for what cannot be a token of ours."""
    return sha256(token.encode()).digest() if _FORM.fullmatch(token) else None
