"""Posting a text to a web address, as a program: both on standard input, error on standard error.

`delivery` runs it with a time limit, because a server can keep a client waiting for ever: by
answering one byte at a time, by endless interim responses, or while its name is looked up.
"""

from __future__ import annotations

import http.client
import json
import sys
import urllib.error
import urllib.request

_SILENCE_SECONDS = 30.0
"""Longer than `delivery` waits; it matters only if `delivery` was killed and cannot end this."""


class _NoRedirect(urllib.request.HTTPRedirectHandler):
    """A handler that follows no redirect, which would turn the request into a GET without text."""

    def redirect_request(self, *_: object) -> None:
        """Return None: there is no further request, and the answer counts as an error."""


def main() -> None:
    """Post what `to_input` made; exit with the error if the answer is not 2xx."""
    address, _, text = sys.stdin.buffer.read().partition(b"\n")
    problem = post(json.loads(address), text)
    if problem is not None:
        sys.exit(problem)


def to_input(address: str, text: bytes) -> bytes:
    """Return an address and the text to post there as standard input of this program."""
    return json.dumps(address).encode() + b"\n" + text


def post(address: str, text: bytes) -> str | None:
    """Post JSON to an address; return the error, None where the answer is 2xx."""
    headers = {"Content-Type": "application/json"}
    request = urllib.request.Request(address, text, headers)  # noqa: S310 - settings admit http(s)
    opener = urllib.request.build_opener(_NoRedirect)
    try:
        with opener.open(request, timeout=_SILENCE_SECONDS):
            return None
    except urllib.error.HTTPError as error:
        return f"answered {error.code}"
    except http.client.HTTPException as error:
        return f"does not answer in HTTP ({type(error).__name__})"
    except (OSError, ValueError) as error:
        return str(getattr(error, "reason", None) or error or type(error).__name__)


if __name__ == "__main__":
    main()
