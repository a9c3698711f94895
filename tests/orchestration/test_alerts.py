"""Alerts against a real HTTP server on loopback, and a real program."""

import json
import sys
import threading
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest

from insight_dagster.orchestration.alerts import delivery as alerts
from insight_dagster.orchestration.alerts import queue as alert_queue_module
from insight_dagster.orchestration.alerts.delivery import Alert, deliver
from insight_dagster.orchestration.alerts.queue import AlertQueue

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


def test_an_alert_is_posted_and_handed_over(receiver, tmp_path):
    target = tmp_path / "alert.json"
    program = "import sys; open(sys.argv[1], 'w', encoding='utf-8').write(sys.stdin.read())"
    command = (sys.executable, "-X", "utf8", "-c", program, str(target))
    deliver(ALERT, webhook=receiver.address, command=command)
    assert receiver.received == [json.loads(ALERT.to_json())]
    assert json.loads(target.read_text(encoding="utf-8"))["classes"] == ALERT.classes


@pytest.mark.parametrize("receiver", [(500,)], indirect=True)
def test_a_refusal_is_told_and_the_program_was_asked_all_the_same(receiver, tmp_path):
    target = tmp_path / "asked"
    command = (sys.executable, "-c", f"open({str(target)!r}, 'w')")
    answers = deliver(ALERT, webhook=receiver.address, command=command)
    assert answers == {"webhook": f"{receiver.address} answered 500", "command": None}
    assert target.exists()


@pytest.mark.parametrize(
    ("webhook", "command", "message"),
    [
        ("http://127.0.0.1:9/", (), "127.0.0.1:9"),
        (None, ("/no/such/program",), "/no/such/program"),
        (None, (sys.executable, "-c", "import sys; sys.exit('full')"), "ended with 1: full"),
        (None, (sys.executable, "-c", "import time; time.sleep(60)"), "timed out"),
    ],
)
def test_what_did_not_take_it_is_named(monkeypatch, webhook, command, message):
    monkeypatch.setattr(alerts, "COMMAND_SECONDS", 2.0)
    (answer,) = deliver(ALERT, webhook=webhook, command=command).values()
    assert message in answer


def test_nothing_set_tells_nobody():
    assert deliver(ALERT, webhook=None, command=()) == {}


@pytest.mark.parametrize("receiver", [(503, 500)], indirect=True)
def test_what_nobody_took_is_tried_again_and_told_once(receiver, tmp_path):
    reported = tmp_path / "reported"
    program = "import sys; open(sys.argv[1], 'a').write('x')"
    command = (sys.executable, "-c", program, str(reported))
    alert_queue = AlertQueue(tmp_path / "alerts", webhook=receiver.address, command=command)
    alert_queue.put(ALERT)
    alert_queue.put(ALERT)
    assert [len(alert_queue.deliver()) for _ in range(4)] == [1, 1, 0, 0]
    assert receiver.received == [json.loads(ALERT.to_json())] * 3
    assert reported.read_text() == "x", "the program took it the first time"
    assert not list((tmp_path / "alerts").iterdir())


def test_an_alert_that_cannot_be_delivered_keeps_no_other_back(tmp_path):
    command = (sys.executable, "-c", "import sys; sys.exit('bad' in sys.stdin.read())")
    alert_queue = AlertQueue(tmp_path / "alerts", webhook=None, command=command)
    for run_id in ("bad", "good"):
        alert_queue.put(replace(ALERT, run_id=run_id))
    assert len(alert_queue.deliver()) == 1
    assert [path.name for path in (tmp_path / "alerts").iterdir()] == ["bad.json"]


def test_after_three_days_an_alert_is_given_up(tmp_path, monkeypatch):
    alert_queue = AlertQueue(tmp_path / "alerts", webhook="http://127.0.0.1:9/", command=())
    alert_queue.put(ALERT)
    monkeypatch.setattr(alert_queue_module, "KEPT_SECONDS", 0.0)
    (problem,) = alert_queue.deliver()
    assert problem.startswith("given up, run run: http://127.0.0.1:9/")
    assert alert_queue.deliver() == []
