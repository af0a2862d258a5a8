"""What the gateway publishes: who may do what, and who came and went. Never a name, an address or a password."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from common.access import access_topic
from common.topics import Topic

SERVICE = "gateway"
USER = Topic(SERVICE, "user")
TOPICS = (USER, access_topic(SERVICE))


@dataclass(frozen=True, slots=True)
class UserState:
    """A user as others may know one."""

    id: UUID
    active: bool
    wished_role: str | None
    grants: Sequence[dict[str, Any]]
    """`{"role": …, "departments": [ids] or null for all}`"""
    auth_version: int
    staff_member_id: UUID | None
    created_at: datetime
    changed_at: datetime
    version: int
