"""What every refusal of a bad request is: a problem document with a code and a sentence that tells nothing back."""

from collections.abc import Collection, Iterator

from httpx2 import Response

MARK = "Quibblewick-7Q3Z9"
"""Stands in every bad value: nothing that was sent may come back."""

SENSELESS = frozenset({400, 422})


def faults(answer: Response, statuses: Collection[int]) -> Iterator[str]:
    """Sentences about what is wrong with a refusal."""
    if answer.status_code not in statuses:
        yield f"status {answer.status_code}: {answer.text[:300]}"
        return
    if answer.headers.get("content-type") != "application/problem+json":
        yield f"content type {answer.headers.get('content-type')}"
        return
    problem = answer.json()
    if problem["status"] != answer.status_code:
        yield f"status {problem['status']} in the body of a {answer.status_code}"
    if not (problem["code"] and problem["detail"].endswith(".") and problem["title"]):
        yield f"no code, title or sentence: {problem}"
    if answer.status_code == 422 and not problem.get("errors") and problem["code"] == "invalid":
        yield "no fields named"
    if MARK in answer.text or MARK in str(answer.headers):
        yield "what was sent comes back"
