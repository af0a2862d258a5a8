"""An example of every event type: not written down, but told by the domain itself."""

from collections.abc import Mapping

from common.envelope import Fact
from tools.contracts.examples import accesses, admissions, beds, users


def examples() -> Mapping[str, Fact]:
    """By event type. The first of a type is its example."""
    found: dict[str, Fact] = {}
    for told in (*beds.told(), *admissions.told(), *users.told(), *accesses.told()):
        found.setdefault(told.type, told)
    return found
