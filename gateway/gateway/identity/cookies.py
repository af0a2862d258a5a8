"""Cookies for browsers: the session, and the device that an account was used from."""

import base64
import hmac
import secrets
from dataclasses import dataclass
from hashlib import sha256

from starlette.datastructures import URL, Headers
from starlette.requests import Request, cookie_parser
from starlette.responses import Response
from starlette.types import Scope

from common.errors import Forbidden

SESSION = "__Host-wardline"
DEVELOPMENT_SESSION = "wardline_dev"
"""Browsers take `Secure` cookies over TLS only; this one is for plain HTTP on loopback."""
_DEVICE = "__Host-wardline_device"
_DEVELOPMENT_DEVICE = "wardline_dev_device"
_DEVICE_SECONDS = 365 * 24 * 3600
_LOOPBACK = {"127.0.0.1", "::1", "localhost"}
_SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}


class CrossSite(Forbidden):
    code = "cross_site"
    sentence = "A command that a cookie vouches for must come from a page of this very host."


@dataclass(frozen=True, slots=True)
class CookieNames:
    session: str
    device: str
    secure: bool


_OVER_TLS = CookieNames(SESSION, _DEVICE, secure=True)
_ON_LOOPBACK = CookieNames(DEVELOPMENT_SESSION, _DEVELOPMENT_DEVICE, secure=False)


def names_for(scope: Scope) -> CookieNames:
    """The development cookies only where caller and host are this machine and there is no TLS."""
    client = scope.get("client")
    plain = scope["scheme"] == "http" and client is not None and client[0] in _LOOPBACK
    return _ON_LOOPBACK if plain and URL(scope=scope).hostname in _LOOPBACK else _OVER_TLS


def session_token(scope: Scope, cookie: str) -> str | None:
    """The token in the Cookie header."""
    return cookie_parser(cookie).get(names_for(scope).session)


def is_cross_site(scope: Scope) -> bool:
    """Whether this is a command that a page of another site may have made the browser send, cookie included."""
    return scope["method"] not in _SAFE_METHODS and not _is_same_origin(scope)


def _is_same_origin(scope: Scope) -> bool:
    headers = Headers(scope=scope)
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    return headers.get("origin") == f"{scope['scheme']}://{headers.get('host')}"


def give_session(request: Request, answer: Response, token: str) -> None:
    """Lasts until the browser is closed; the server decides when it is over."""
    names = names_for(request.scope)
    answer.set_cookie(names.session, token, secure=names.secure, httponly=True, samesite="lax")


def take_session(request: Request, answer: Response) -> None:
    names = names_for(request.scope)
    if names.session in request.cookies:
        answer.delete_cookie(names.session, secure=names.secure, httponly=True, samesite="lax")


class Devices:
    """Device cookies: a random name, signed together with the account that it signed in to."""

    def __init__(self, key: bytes) -> None:
        self._key = key

    def known(self, request: Request, account: str) -> str | None:
        """The device, if it signed in to this account before."""
        cookie = request.cookies.get(names_for(request.scope).device, "")
        device, _, seal = cookie.partition(".")
        return device if hmac.compare_digest(seal, self._seal(device, account)) else None

    def give(self, request: Request, answer: Response, account: str) -> None:
        names, device = names_for(request.scope), secrets.token_urlsafe(16)
        value = f"{device}.{self._seal(device, account)}"
        answer.set_cookie(
            names.device, value, _DEVICE_SECONDS, secure=names.secure, httponly=True, samesite="lax"
        )

    def _seal(self, device: str, account: str) -> str:
        seal = hmac.digest(self._key, f"device\x1f{device}\x1f{account}".encode(), sha256)
        return base64.urlsafe_b64encode(seal).decode().rstrip("=")
