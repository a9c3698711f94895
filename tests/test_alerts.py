"""Alerts against a real HTTP server on loopback, and a real program."""

import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from insight_dagster import alerts
from insight_dagster.alerts import Alert, deliver
from insight_dagster.errors import AlertError

ALERT = Alert(
    kind="check_failed",
    job="analyse_classes",
    run_id="run",
    classes='ab/seil "ü" <b>',
    reason="worse",
    checks=({"asset": "performance", "check": "performance_drift", "class": "a", "x": 1},),
    home="/home",
)


class Receiver(HTTPServer):
    """Keeps what is posted; answers with the codes given, then 200."""

    def __init__(self, *codes: int) -> None:
        self.received: list[dict] = []
        self.codes = list(codes)
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.received.append(json.loads(body))
        self.send_response(self.server.codes.pop(0) if self.server.codes else 200)
        self.end_headers()

    def log_message(self, *_):
        pass


@pytest.fixture
def receiver(request):
    server = Receiver(*getattr(request, "param", ()))
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch):
    monkeypatch.setattr(alerts.time, "sleep", lambda seconds: None)


def test_an_alert_is_posted_and_handed_over(receiver, tmp_path):
    target = tmp_path / "alert.json"
    program = "import sys; open(sys.argv[1], 'w', encoding='utf-8').write(sys.stdin.read())"
    command = (sys.executable, "-X", "utf8", "-c", program, str(target))
    deliver(ALERT, webhook=receiver.address, command=command)
    assert receiver.received == [json.loads(ALERT.to_json())]
    assert json.loads(target.read_text(encoding="utf-8"))["classes"] == ALERT.classes


@pytest.mark.parametrize("receiver", [(503, 500)], indirect=True)
def test_a_server_that_comes_round_gets_it_at_the_third_try(receiver):
    deliver(ALERT, webhook=receiver.address, command=())
    assert len(receiver.received) == 3


@pytest.mark.parametrize("receiver", [(500, 500, 500)], indirect=True)
def test_a_refusal_is_told_and_the_program_was_asked_all_the_same(receiver, tmp_path):
    target = tmp_path / "asked"
    command = (sys.executable, "-c", f"open({str(target)!r}, 'w')")
    with pytest.raises(AlertError, match="answered 500"):
        deliver(ALERT, webhook=receiver.address, command=command)
    assert target.exists()


@pytest.mark.parametrize(
    ("webhook", "command", "message"),
    [
        ("http://127.0.0.1:9/", (), "127.0.0.1:9"),
        (None, ("/no/such/program",), "/no/such/program"),
        (None, (sys.executable, "-c", "import sys; sys.exit('full')"), "ended with 1: full"),
    ],
)
def test_what_did_not_take_it_is_named(webhook, command, message):
    with pytest.raises(AlertError, match=message):
        deliver(ALERT, webhook=webhook, command=command)


def test_nothing_set_tells_nobody():
    deliver(ALERT, webhook=None, command=())
