"""Users and their rights. Pure: time and facts come in as arguments."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from common.auth import Grant
from common.errors import Refusal
from common.stamp import version_tag
from gateway.events import GrantState, UserState


class Role(StrEnum):
    """What a grant may name."""

    NURSE = "nurse"
    CHARGE_NURSE = "charge_nurse"
    PHYSICIAN = "physician"
    BED_MANAGER = "bed_manager"
    UNIT_MANAGER = "unit_manager"
    HOUSEKEEPING = "housekeeping"
    STAFFING_COORDINATOR = "staffing_coordinator"
    CREDENTIALING_OFFICER = "credentialing_officer"
    STAFF = "staff"
    AGENCY = "agency"
    AUDITOR = "auditor"
    ADMIN = "admin"
    INTEGRATION = "integration"


class EndReason(StrEnum):
    """Why a session is over."""

    SIGNED_OUT = "signed_out"
    ENDED = "ended"
    PASSWORD_CHANGED = "password_changed"  # noqa: S105
    DEACTIVATED = "deactivated"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class IdleTimes:
    """How long a session may be idle: as usual, or what its holder's roles say."""

    usual: timedelta
    of_roles: Mapping[str, timedelta]

    def of(self, grants: Sequence[Grant]) -> timedelta:
        """The shortest of all roles, so that a long one of a harmless role never covers a powerful one."""
        return min((self.of_roles.get(grant.role, self.usual) for grant in grants), default=self.usual)


class UsernameTaken(Refusal):
    code = "username_taken"
    sentence = "Somebody else has this username."


class EmailTaken(Refusal):
    code = "email_taken"
    sentence = "Somebody else has this e-mail address."


class SignInRefused(Refusal):
    """The same for an unknown name, a wrong password and a deactivated user."""

    status, code = 401, "sign_in_refused"
    sentence = "Name and password do not go together."


class WrongPassword(Refusal):
    status, code = 422, "wrong_password"
    sentence = "The current password is another one."


class LastAdmin(Refusal):
    code = "last_admin"
    sentence = "This is the last active admin. Make somebody else an admin first."


@dataclass(frozen=True, slots=True)
class User:
    """A person or program that may sign in. Names and secrets stay in the database."""

    id: UUID
    active: bool
    wished_role: str | None
    auth_version: int
    staff_member_id: UUID | None
    created_at: datetime
    changed_at: datetime
    version: int

    @classmethod
    def new(cls, user_id: UUID, wished_role: str | None, at: datetime) -> "User":
        """Signed up: may sign in and nothing more."""
        return cls(user_id, True, wished_role, 1, None, at, at, 1)

    def changed(self, at: datetime) -> "User":
        """Something that is no right of theirs has changed, such as the password."""
        return replace(self, changed_at=at, version=self.version + 1)

    def with_other_rights(self, at: datetime, *, active: bool | None = None) -> "User":
        """Tokens that were made before no longer speak for this user."""
        return replace(
            self.changed(at),
            active=self.active if active is None else active,
            auth_version=self.auth_version + 1,
        )

    @property
    def actor(self) -> str:
        return f"user/{self.id}"

    @property
    def tag(self) -> str:
        return version_tag(self.version)

    def published(self, grants: Sequence[Grant]) -> UserState:
        """The state that events carry."""
        return UserState(
            self.id,
            self.active,
            self.wished_role,
            [_published(grant) for grant in grants],
            self.auth_version,
            self.staff_member_id,
            self.created_at,
            self.changed_at,
            self.version,
        )


def _published(grant: Grant) -> GrantState:
    departments = None if grant.departments is None else sorted(grant.departments)
    return GrantState(grant.role, departments)


def is_admin(grants: Sequence[Grant]) -> bool:
    return any(grant.role == Role.ADMIN for grant in grants)
