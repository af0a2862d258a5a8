"""What the routes of identity accept and return."""

import unicodedata
from datetime import datetime
from typing import Annotated
from uuid import UUID

from pydantic import AfterValidator, BaseModel, Field, SecretStr, StringConstraints, model_validator

from common.auth import Grant
from common.web import Line, Payload
from gateway.identity.domain import Role


def normalised(name: str) -> str:
    """Names that look the same are the same: NFKC, then casefold."""
    return unicodedata.normalize("NFKC", name.strip()).casefold()


Username = Annotated[
    str,
    AfterValidator(normalised),
    StringConstraints(pattern=r"^[^\W_][\w.@+-]{1,63}$"),
    Field(description="letters, digits, . _ - + @; capital letters make no difference"),
]
Email = Annotated[
    str, AfterValidator(normalised), StringConstraints(pattern=r"^[^\s@\x00]{1,64}@[^\s@\x00]{1,130}$")
]


def _typed(password: SecretStr) -> SecretStr:
    """Of letters that somebody can type: the library lets half a character pass in a secret ●."""
    text = password.get_secret_value()
    if "\0" in text or any("\ud800" <= letter <= "\udfff" for letter in text):
        raise ValueError("must be text without NUL")
    return password


NewPassword = Annotated[SecretStr, Field(min_length=12, max_length=200), AfterValidator(_typed)]
GivenPassword = Annotated[SecretStr, Field(min_length=1, max_length=200), AfterValidator(_typed)]


class SignUp(Payload):
    """`role` is a wish that an admin sees; it grants nothing."""

    username: Username
    email: Email | None = None
    password: NewPassword
    role: Role | None = None

    @model_validator(mode="after")
    def _an_address_is_ones_own(self) -> "SignUp":
        if "@" in self.username and self.email != self.username:
            raise ValueError("a username with @ must be the e-mail address")
        return self


class SignIn(Payload):
    """`username` may also be the e-mail address. With `cookie`, a browser gets the token as a cookie only."""

    username: Annotated[Line, AfterValidator(normalised)]
    password: GivenPassword
    cookie: bool = False


class PasswordChange(Payload):
    current_password: GivenPassword
    new_password: NewPassword


class GrantIn(Payload):
    role: Role
    departments: Annotated[frozenset[UUID], Field(min_length=1, max_length=200)] | None = Field(
        description="null: in all departments"
    )


class Grants(Payload):
    """Everything that the user may do from now on."""

    grants: Annotated[list[GrantIn], Field(max_length=len(Role))]

    @model_validator(mode="after")
    def _a_role_once(self) -> "Grants":
        if len({grant.role for grant in self.grants}) < len(self.grants):
            raise ValueError("each role at most once")
        return self

    def as_rights(self) -> tuple[Grant, ...]:
        return tuple(Grant(grant.role, grant.departments) for grant in self.grants)


class UserChange(Payload):
    active: bool


class GrantOut(BaseModel):
    role: str
    departments: list[UUID] | None = Field(description="null: in all departments")


class UserOut(BaseModel):
    id: UUID
    username: str
    email: str | None
    active: bool
    wished_role: str | None
    grants: list[GrantOut]
    staff_member_id: UUID | None
    created_at: datetime
    changed_at: datetime
    version: int


class UserList(BaseModel):
    items: list[UserOut]
    next: str | None


class Me(BaseModel):
    user: UserOut
    grants: list[GrantOut]
    staff_member_id: UUID | None
    session_id: UUID
    expires_at: datetime


class SessionOpened(Me):
    token: str | None = Field(description="null when it was given as a cookie")
    idle_seconds: int


class SessionOut(BaseModel):
    id: UUID
    created_at: datetime
    last_seen_at: datetime
    expires_at: datetime
    device: str | None
    current: bool


class SessionList(BaseModel):
    items: list[SessionOut]
    next: str | None
