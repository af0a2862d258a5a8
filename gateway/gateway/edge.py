"""What every answer of the gateway says to browsers."""

from starlette.types import ASGIApp, Message, Receive, Scope, Send

_ALWAYS = [
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"x-frame-options", b"DENY"),
]
_POLICY = (
    b"content-security-policy",
    b"default-src 'none'; frame-ancestors 'none'; base-uri 'none'; form-action 'none'",
)
_NOT_KEPT = (b"cache-control", b"no-store")
_TLS_ONLY = (b"strict-transport-security", b"max-age=31536000")


class SecurityHeaders:
    """Answers are data unless a page brings a policy of its own; nothing below /v1 is kept by a browser."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_secured(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = message["headers"] = [*message.get("headers", ()), *_ALWAYS]
                names = {name for name, _ in headers}
                if _POLICY[0] not in names:
                    headers.append(_POLICY)
                if scope["path"].startswith("/v1/") and _NOT_KEPT[0] not in names:
                    headers.append(_NOT_KEPT)
                if scope["scheme"] == "https":
                    headers.append(_TLS_ONLY)
            await send(message)

        await self._app(scope, receive, send_secured)
