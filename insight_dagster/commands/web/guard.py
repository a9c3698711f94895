"""The guard of a web application that pages of other sites must not use.

A browser sends requests that any page asks it for, also to servers that only this machine reaches.
Which requests are answered belongs here; what is served does not. `SameOriginGuard` is an ASGI
middleware and knows no Dagster.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from typing import Any
from urllib.parse import parse_qsl

from graphql import GraphQLError, OperationDefinitionNode, OperationType, parse

Scope = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

LOOPBACK_NAMES = ("127.0.0.1", "localhost", "[::1]")
_HOST = re.compile(r"(\[[0-9a-f:.]+\]|[^\s:/@,\[\]\\]+)(:\d+)?")
_READING_METHODS = ("GET", "HEAD", "OPTIONS")
_OWN_SITES = ("same-origin", "none")
_HEADERS = (
    (b"cross-origin-resource-policy", b"same-origin"),
    (b"content-security-policy", b"frame-ancestors 'self'"),
    (b"x-frame-options", b"SAMEORIGIN"),
)


class SameOriginGuard:
    """An ASGI middleware that refuses what pages of other sites can make a browser send.

    - The request names one host, and that is allowed: another name that leads to this server (DNS
      rebinding) is refused.
    - A request that may change something, or opens a WebSocket, comes from a page of this server,
      or from a program that is no browser and names no origin.
    - GET changes nothing: GraphQL mutations by GET are refused.
    - Pages of other sites cannot show the answers in a frame or load them as a script or picture.

    Nobody is asked who they are: whoever reaches the port can use the application.

    Args:
        app: the application.
        allowed_hosts: names that requests may give, besides those of the loopback interface, e.g.
            `dagster.example.org`; without port.
    """

    def __init__(self, app: App, allowed_hosts: Iterable[str] = ()) -> None:
        self._app, self._allowed_hosts = app, tuple(allowed_hosts)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or refuse it."""
        if scope["type"] not in ("http", "websocket"):
            await self._app(scope, receive, send)
            return
        reason = refusal(scope, self._allowed_hosts)
        if reason is None:
            await self._app(scope, receive, _with_headers(send))
        elif scope["type"] == "websocket":
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": reason[:100]})
        else:
            await _refuse(_with_headers(send), reason)


def refusal(scope: Scope, allowed_hosts: Iterable[str]) -> str | None:
    """Return why a request is refused, None where it is not.

    Args:
        scope: ASGI connection scope of type http or websocket.
        allowed_hosts: names besides those of the loopback interface.
    """
    hosts = _values(scope, b"host")
    if len(hosts) != 1 or not is_allowed(hosts[0], allowed_hosts):
        named = ", ".join(map(repr, hosts)) or "no host"
        return f"the request names {named}; name others that are yours in allowed_hosts"
    reads = scope["type"] == "http" and scope["method"] in _READING_METHODS
    if not reads and not _is_from_here(scope, hosts[0]):
        return "the request comes from a page of another site"
    if reads and _has_mutation(scope["query_string"]):
        return "GET does not change anything; send mutations by POST"
    return None


def is_allowed(host: str, allowed_hosts: Iterable[str]) -> bool:
    """Return whether a Host header names the loopback interface or an allowed host, at any port."""
    found = _HOST.fullmatch(host.lower())
    names = (*LOOPBACK_NAMES, *(name.lower() for name in allowed_hosts))
    return found is not None and found[1] in names


def _is_from_here(scope: Scope, host: str) -> bool:
    """Return whether a request comes from a page of this server, or from no page."""
    origins, sites = _values(scope, b"origin"), _values(scope, b"sec-fetch-site")
    own = {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}
    return {each.lower() for each in origins} <= own and set(sites) <= set(_OWN_SITES)


def _has_mutation(query_string: bytes) -> bool:
    """Return whether a query string has a GraphQL document that does more than reading."""
    pairs = parse_qsl(query_string.decode("latin-1"), keep_blank_values=True)
    return any(_changes(text) for name, text in pairs if name == "query")


def _changes(document: str) -> bool:
    try:
        definitions = parse(document, no_location=True).definitions
    except GraphQLError:
        return False  # Dagster cannot read it either; pages of the UI have a parameter of that name
    except RecursionError:
        return True
    operations = [each for each in definitions if isinstance(each, OperationDefinitionNode)]
    return any(each.operation != OperationType.QUERY for each in operations)


def _values(scope: Scope, name: bytes) -> list[str]:
    return [value.decode("latin-1") for key, value in scope["headers"] if key.lower() == name]


def _with_headers(send: Send) -> Send:
    """Return a `send` that adds the headers which keep answers from pages of other sites."""

    async def send_with_headers(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message = {**message, "headers": [*message.get("headers", ()), *_HEADERS]}
        await send(message)

    return send_with_headers


async def _refuse(send: Send, reason: str) -> None:
    headers = [(b"content-type", b"text/plain; charset=utf-8")]
    await send({"type": "http.response.start", "status": 403, "headers": headers})
    await send({"type": "http.response.body", "body": f"Refused: {reason}.\n".encode()})
