"""How far the keys of admissions have been replaced in its database, and the step that comes next."""

from dataclasses import dataclass
from typing import Any

import asyncpg

from common.crypto import MasterKeys
from tools.keys.kept import KeptKeys
from tools.keys.steps import STEPS, CannotStep, NotYet, master_keys, search_keys

#: Tink begins with 5 bytes that name the key.
_COUNT = """SELECT
  (SELECT count(*) FROM subject_key WHERE substr(wrapped, 1, 5) <> $1) AS keys_to_rewrap,
  (SELECT count(*) FROM dead_letter WHERE substr(sealed, 1, 5) <> $1) AS dead_letters_to_outlive,
  (SELECT count(*) FROM patient p WHERE erased_at IS NULL AND NOT EXISTS
    (SELECT FROM patient_index i WHERE i.patient_id = p.id AND i.key_number = $2)) AS digests_to_fill,
  (SELECT count(*) FROM patient_index WHERE key_number < $2) AS digests_to_drop"""

_BEFORE_DROP = {"master": ("keys_to_rewrap", "dead_letters_to_outlive"), "search": ("digests_to_fill",)}
_AFTER_DROP = {"master": (), "search": ("digests_to_drop",)}


@dataclass(frozen=True)
class Progress:
    """The ids of the keys, never a key, and what only an older one opens or finds still."""

    keys: dict[str, list[int]]
    writes: int
    """The master key that writes."""
    left: dict[str, int]

    def next_step(self, which: str) -> str:
        """`add` begins a replacement, `wait` is for the service, which does the rest by itself."""
        if len(self.keys[which]) == 1:
            return "wait" if self._some_left(_AFTER_DROP[which]) else "add"
        if which == "master" and self.writes != self.keys[which][-1]:
            return "promote"
        return "wait" if self._some_left(_BEFORE_DROP[which]) else "drop"

    def document(self) -> dict[str, Any]:
        """For programs."""
        return {
            which: {
                "keys": keys,
                **({"writes": self.writes} if which == "master" else {}),
                **{name: self.left[name] for name in (*_BEFORE_DROP[which], *_AFTER_DROP[which])},
                "next": self.next_step(which),
            }
            for which, keys in self.keys.items()
        }

    def check_drop(self, which: str) -> None:
        """Raises `NotYet` while an old key is needed."""
        if self._some_left(_BEFORE_DROP[which]):
            still = " and ".join(
                f"{self.left[name]:,} {name.replace('_', ' ')}" for name in _BEFORE_DROP[which]
            )
            raise NotYet(
                f"The old {which} key is needed: {still}. Look at wardline keys status until nothing is left; "
                "if nothing moves, a replica has not been restarted since the step before."
            )

    def _some_left(self, names: tuple[str, ...]) -> bool:
        return any(self.left[name] for name in names)


async def progress(url: str, kept: KeptKeys) -> Progress:
    """Counted in the database of admissions. Raises `CannotStep`."""
    keyset = kept.read("master")
    writes, masters = master_keys(keyset)
    numbers = list(search_keys(kept.read("search")))
    try:
        database = await asyncpg.connect(url)
        try:
            left = await database.fetchrow(_COUNT, MasterKeys(keyset).current, numbers[-1])
        finally:
            await database.close()
    except asyncpg.UndefinedColumnError:
        raise CannotStep("The database of admissions is older than this program: migrate it first.") from None
    except (OSError, ValueError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        # its text could have the address in it, and that the password
        raise CannotStep(
            f"The database of admissions does not answer ({type(error).__name__}); see ADMISSIONS_DATABASE_URL."
        ) from None
    assert left is not None
    return Progress({"master": [key["keyId"] for key in masters], "search": numbers}, writes, dict(left))


async def take_step(url: str, kept: KeptKeys, which: str, step: str) -> None:
    """Writes the keys as the step leaves them. Raises `CannotStep`."""
    after = STEPS[which][step](kept.read(which))
    if step == "drop":
        (await progress(url, kept)).check_drop(which)
    kept.write(which, after)
