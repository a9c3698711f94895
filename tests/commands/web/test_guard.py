"""The guard of the Dagster UI: what pages of other sites can make a browser send is refused."""

import json
import socket
import threading
import urllib.parse

import pytest
import uvicorn

from insight_dagster.commands.web.guard import SameOriginGuard, is_allowed
from tests.support.running import wait_until

MUTATION = "mutation { addDynamicPartition { __typename } }"
JSON = ("Content-Type", "application/json")
UPGRADE = [
    ("Connection", "Upgrade"), ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"),
    ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="), ("Sec-WebSocket-Protocol", "graphql-ws"),
]  # fmt: skip


async def application(scope, receive, send):
    """Answers everything, as an application without a guard does."""
    if scope["type"] == "websocket":
        await receive()
        await send({"type": "websocket.accept", "subprotocol": "graphql-ws"})
        await send({"type": "websocket.close"})
    elif scope["type"] == "http":
        await send({"type": "http.response.start", "status": 200, "headers": []})
        await send({"type": "http.response.body", "body": b"done"})


@pytest.fixture(scope="module")
def port():
    guarded = SameOriginGuard(application, ["dagster.example"])
    server = uvicorn.Server(uvicorn.Config(guarded, port=0, log_level="critical", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    assert wait_until(lambda: server.started)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    thread.join()


def send(port, method, target, headers, body=b"", *, version="1.1"):
    """Return the status and the bytes of the answer to a request, sent as it is."""
    lines = [f"{method} {target} HTTP/{version}", *(f"{name}: {value}" for name, value in headers)]
    lines += [f"Content-Length: {len(body)}"] if body else []
    lines += [] if ("Connection", "Upgrade") in headers else ["Connection: close"]
    with socket.create_connection(("127.0.0.1", port), 20) as connection:
        connection.sendall("\r\n".join([*lines, "", ""]).encode("latin-1") + body)
        connection.shutdown(socket.SHUT_WR)
        answer = connection.makefile("rb").read()
    return int(answer.split()[1]), answer


def by_get(document, path="/graphql"):
    return f"{path}?{urllib.parse.urlencode({'query': document})}"


@pytest.mark.parametrize(
    "host",
    ["evil.example", "evil.example:{port}", "127.0.0.1.evil.example", "127.0.0.1@evil.example",
     "evil.example@127.0.0.1", "127.0.0.1, evil.example", "", "127.0.0.1:{port}:80", "[::1", "::1",
     "127.0.0.1/evil.example", "localhost.", "127.0.0.1\\evil.example"],
)  # fmt: skip
def test_other_names_for_this_machine_are_refused(port, host):
    """A name of another site may lead here: then its pages are of the same origin (rebinding)."""
    named = host.format(port=port)
    for headers in ([("Host", named)], [("Host", named), ("X-Forwarded-Host", "localhost")]):
        status, answer = send(port, "GET", "/", headers)
        assert status == 403 and b"allowed_hosts" in answer


@pytest.mark.parametrize(
    "host", ["127.0.0.1", "localhost:{port}", "LOCALHOST", "[::1]:80", "dagster.example"]
)
def test_its_own_names_are_answered(port, host):
    assert send(port, "GET", "/", [("Host", host.format(port=port))])[0] == 200


def test_exactly_one_host_is_needed(port):
    assert send(port, "GET", "/", [], version="1.0")[0] == 403
    two = [("Host", "localhost"), ("Host", "evil.example")]
    assert send(port, "GET", "/", two)[0] in (400, 403)
    assert send(port, "GET", "http://evil.example/", [("Host", "evil.example")])[0] == 403


@pytest.mark.parametrize(
    "origin",
    ["http://evil.example", "null", "http://127.0.0.1:{other}", "http://localhost:{port}", "",
     "file://", "http://127.0.0.1:{port}.evil.example", "http://127.0.0.1:{port}/",
     "ftp://127.0.0.1:{port}"],
)  # fmt: skip
def test_what_pages_of_other_sites_send_is_refused(port, origin):
    named = origin.format(port=port, other=port + 1)
    headers = [("Host", f"127.0.0.1:{port}"), ("Origin", named)]
    document = json.dumps({"query": MUTATION}).encode()
    multipart = b'--x\r\nContent-Disposition: form-data; name="query"\r\n\r\nx\r\n--x--\r\n'
    sent = [
        ("/graphql", JSON, document),
        ("/graphql", ("Content-Type", "text/plain"), document),
        (by_get(MUTATION), ("Content-Type", "text/plain"), b"x"),
        (by_get(MUTATION), ("Content-Type", "multipart/form-data; boundary=x"), multipart),
        ("/report_asset_materialization/insights", JSON, b"{}"),
    ]
    for target, content, body in sent:
        assert send(port, "POST", target, [*headers, content], body)[0] == 403
    assert send(port, "DELETE", "/graphql", headers)[0] == 403
    assert send(port, "GET", "/graphql", [*headers, *UPGRADE])[0] == 403


@pytest.mark.parametrize("site", ["cross-site", "same-site", "something"])
def test_the_browsers_word_counts_where_it_names_no_origin(port, site):
    headers = [("Host", f"127.0.0.1:{port}"), ("Sec-Fetch-Site", site), JSON]
    assert send(port, "POST", "/graphql", headers, b"{}")[0] == 403


def test_two_origins_are_refused(port):
    own = f"127.0.0.1:{port}"
    headers = [("Host", own), ("Origin", f"http://{own}"), ("Origin", "http://evil.example"), JSON]
    assert send(port, "POST", "/graphql", headers, b"{}")[0] == 403


@pytest.mark.parametrize("host", ["127.0.0.1:{port}", "localhost:{port}", "dagster.example"])
@pytest.mark.parametrize("scheme", ["http", "https"])  # https: a proxy in front
def test_its_own_pages_and_programs_are_answered(port, host, scheme):
    own = host.format(port=port)
    page = [("Host", own), ("Origin", f"{scheme}://{own}"), ("Sec-Fetch-Site", "same-origin")]
    program = [("Host", own)]
    for headers in (page, program):
        assert send(port, "POST", "/graphql", [*headers, JSON], b"{}")[0] == 200
        assert send(port, "GET", "/graphql", [*headers, *UPGRADE])[0] == 101


@pytest.mark.parametrize(
    "target",
    [
        by_get(MUTATION),
        by_get(MUTATION, path="/%67raphql"),
        by_get(MUTATION, path="/prefix/graphql/"),
        by_get(f"query first {{ version }} {MUTATION.replace('mutation', 'mutation second')}"),
        by_get(f"\ufeff# a comment\n,,,{MUTATION}"),
        by_get("subscription { pipelineRunLogs(runId: 1) { __typename } }"),
        f"{by_get('{ version }')}&{urllib.parse.urlencode({'query': MUTATION})}",
        f"{by_get('{ version }')}&%71uery={urllib.parse.quote(MUTATION)}",
    ],
)
def test_get_changes_nothing(port, target):
    for method in ("GET", "HEAD"):
        for headers in ([], [("Accept", "text/html")]):
            assert send(port, method, target, [("Host", "localhost"), *headers])[0] == 403


@pytest.mark.parametrize("text", ["{ version }", "query { version }", "", "mutation in a search"])
def test_get_reads(port, text):
    assert send(port, "GET", by_get(text), [("Host", "localhost")])[0] == 200


def test_answers_cannot_be_shown_or_loaded_by_other_sites(port):
    for host in ("localhost", "evil.example"):
        answer = send(port, "GET", "/", [("Host", host)])[1].lower()
        assert b"cross-origin-resource-policy: same-origin" in answer
        assert b"content-security-policy: frame-ancestors 'self'" in answer


def test_names_have_no_pattern():
    assert is_allowed("Dagster.Example:8443", ["dagster.example"])
    assert not is_allowed("dagsterxexample", ["dagster.example"])
    assert not is_allowed("sub.dagster.example", ["dagster.example"])
