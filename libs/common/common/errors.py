"""Refusals: why something was not done, as a value with a code, a sentence for people and the facts."""

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, TypedDict


class FieldError(TypedDict):
    """What is wrong with one field. `field` is a path like `body.name`; the value that was sent is never repeated."""

    field: str
    code: str
    message: str


class Refusal(Exception):
    """An answer other than the one asked for.

    Subclasses stand beside the rule that they enforce and set `code` and `sentence`; `facts` are added to the
    problem document (RFC 9457) and hold ids, states and times, never anything that identifies a person.
    """

    status: ClassVar[int] = 409
    code: ClassVar[str] = "refused"
    sentence: ClassVar[str] = "This cannot be done now."

    def __init__(self, sentence: str | None = None, **facts: Any) -> None:
        super().__init__(self.code)
        self.detail = sentence or self.sentence
        self.facts: Mapping[str, Any] = facts
        self.errors: Sequence[FieldError] = ()
        self.headers: Mapping[str, str] = {}


class Malformed(Refusal):
    status, code = 400, "malformed"
    sentence = "The request could not be read."


class Unauthenticated(Refusal):
    status, code = 401, "unauthenticated"
    sentence = "Sign in first: send the token of a live session as `Authorization: Bearer <token>`."

    def __init__(self, sentence: str | None = None, **facts: Any) -> None:
        super().__init__(sentence, **facts)
        self.headers = {"www-authenticate": "Bearer"}


class Forbidden(Refusal):
    status, code = 403, "forbidden"
    sentence = "Your role does not allow this here."


class NotFound(Refusal):
    status, code = 404, "not_found"
    sentence = "There is nothing with this id."


class PreconditionFailed(Refusal):
    status, code = 412, "precondition_failed"
    sentence = "It has changed since you read it. Read it again and decide anew."


class Invalid(Refusal):
    """The payload was read and makes no sense: 422 with the fields concerned."""

    status, code = 422, "invalid"
    sentence = "Some fields are not valid."

    def __init__(
        self, sentence: str | None = None, *, errors: Sequence[FieldError] = (), **facts: Any
    ) -> None:
        super().__init__(sentence, **facts)
        self.errors = errors


class Unavailable(Refusal):
    """A part that is needed does not answer just now; the same request may succeed after `retry_after` seconds."""

    status, code = 503, "unavailable"
    sentence = "A part of the system does not answer at the moment. Nothing was changed; try again."

    def __init__(self, sentence: str | None = None, *, retry_after: int = 1, **facts: Any) -> None:
        super().__init__(sentence, **facts)
        self.headers = {"retry-after": str(retry_after)}


class NotYetKnown(Unavailable):
    code = "not_yet_known"
    sentence = "This service has not heard of it yet and is still catching up. Try again shortly."
