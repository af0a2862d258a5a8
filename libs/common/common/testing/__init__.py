"""What the tests of services share: tokens as the gateway mints them, and a service inside the test's own process.

Needs the development dependencies; no program of ours imports it.
"""

from common.testing.callers import PUBLIC_KEY, a_caller, client_for, token_for
from common.testing.running import a_keyset, at_rest, living, settings_for

__all__ = (
    "PUBLIC_KEY",
    "a_caller",
    "a_keyset",
    "at_rest",
    "client_for",
    "living",
    "settings_for",
    "token_for",
)
