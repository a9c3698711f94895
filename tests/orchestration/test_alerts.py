"""Alerts against a real HTTP server on loopback, and a real program."""

import json
import os
import socket
import subprocess
import sys
import threading
import time
from contextlib import contextmanager, suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import psutil
import pytest

from insight_dagster.orchestration.alerts import delivery as alerts
from insight_dagster.orchestration.alerts import queue as alert_queue_module
from insight_dagster.orchestration.alerts.delivery import Alert, deliver
from insight_dagster.orchestration.alerts.queue import AlertQueue, undelivered_alerts

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
        self.location = ""
        super().__init__(("127.0.0.1", 0), _Handler)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.server_port}/hook"


class _Handler(BaseHTTPRequestHandler):
    server: Receiver

    def do_GET(self):
        self.do_POST()

    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"] or 0))
        self.server.received.append(json.loads(body or "null"))
        self.send_response(self.server.codes.pop(0) if self.server.codes else 200)
        if self.server.location:
            self.send_header("Location", self.server.location)
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
    assert answers == {"webhook": f"{receiver.address}: answered 500", "command": None}
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
    assert undelivered_alerts(tmp_path / "alerts") == []


def test_an_alert_that_cannot_be_delivered_keeps_no_other_back(tmp_path):
    command = (sys.executable, "-c", "import sys; sys.exit('bad' in sys.stdin.read())")
    alert_queue = AlertQueue(tmp_path / "alerts", webhook=None, command=command)
    for run_id in ("bad", "good"):
        alert_queue.put(replace(ALERT, run_id=run_id))
    assert len(alert_queue.deliver()) == 1
    assert undelivered_alerts(tmp_path / "alerts") == [
        {"file": str(tmp_path / "alerts" / "bad.json"), "state": "waits for delivery"}
    ]


def test_after_three_days_and_many_attempts_an_alert_is_set_aside(tmp_path, monkeypatch):
    folder = tmp_path / "alerts"
    alert_queue = AlertQueue(folder, webhook="http://127.0.0.1:9/", command=())
    alert_queue.put(ALERT)
    monkeypatch.setattr(alert_queue_module, "KEPT_SECONDS", 0.0)
    monkeypatch.setattr(alert_queue_module, "FEWEST_ATTEMPTS", 2)
    assert alert_queue.deliver()[0].startswith("http://127.0.0.1:9/"), "a clock may be ahead"
    (problem,) = alert_queue.deliver()
    assert problem.startswith("given up, run run: http://127.0.0.1:9/")
    assert alert_queue.deliver() == []
    (kept,) = undelivered_alerts(folder)
    assert kept == {"file": str(folder / "set_aside" / "run.json"), "state": "set aside"}


def test_without_a_receiver_alerts_are_kept(tmp_path):
    AlertQueue(tmp_path, webhook=None, command=()).put(ALERT)
    assert AlertQueue(tmp_path, webhook=None, command=()).deliver() == []
    assert len(undelivered_alerts(tmp_path)) == 1


@pytest.mark.parametrize("receiver", [(204,)], indirect=True)
def test_any_2xx_is_a_delivery(receiver):
    assert deliver(ALERT, webhook=receiver.address, command=()) == {"webhook": None}


@pytest.mark.parametrize("receiver", [(301,), (307,), (304,), (404,)], indirect=True)
def test_another_answer_is_none_and_no_redirect_is_followed(receiver):
    code = receiver.codes[0]
    receiver.location = receiver.address
    (error,) = deliver(ALERT, webhook=receiver.address, command=()).values()
    assert error == f"{receiver.address}: answered {code}"
    assert len(receiver.received) == 1


OK = b"HTTP/1.1 200 OK\r\n"
HOSTILE = {
    "no HTTP": [b"\x15\x03\x01\x00\x02\x02\x46"],
    "nothing": [],
    "half a status": [b"HTTP/1.1 2"],
    "another protocol": [b"SSH-2.0-OpenSSH_9\r\n"],
    "no number": [b"HTTP/1.1 okay\r\n\r\n"],
    "a very long line": [b"HTTP/1.1 200 " + b"x" * 200_000],
    "very many headers": [OK + b"a: b\r\n" * 20_000],
    "switching protocols": [b"HTTP/1.1 101 Switching\r\n\r\n"],
}
ENDLESS = {
    "silence": [b"", None],
    "a byte at a time": [OK] + [b"a: ", b"b"] * 2000,
    "interim answers": [b"HTTP/1.1 100 Continue\r\n\r\n"] * 2000,
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_what_is_no_answer_is_no_delivery(kind):
    with raw_server(HOSTILE[kind]) as address:
        (error,) = deliver(ALERT, webhook=address, command=()).values()
    assert error.startswith(address), error


@pytest.mark.parametrize("kind", ENDLESS)
def test_an_answer_that_never_ends_is_no_delivery_and_keeps_nothing_waiting(
    kind, tmp_path, monkeypatch
):
    monkeypatch.setattr(alerts, "WEBHOOK_SECONDS", 1.0)
    asked, start = tmp_path / "asked", time.monotonic()
    with raw_server(ENDLESS[kind]) as address:
        answers = deliver(ALERT, webhook=address, command=("touch", str(asked)))
    assert answers == {"webhook": f"{address}: timed out after 1 s", "command": None}
    assert asked.exists()
    assert time.monotonic() - start < 30


@pytest.mark.parametrize(
    "address", ["http://no.such.host.invalid/", "https://{plain}", "http://[::1", "http://a:b/"]
)
def test_addresses_that_lead_nowhere_are_no_delivery(receiver, address):
    address = address.format(plain=receiver.address.removeprefix("http://"))
    (error,) = deliver(ALERT, webhook=address, command=()).values()
    assert error.startswith(address) and "Traceback" not in error
    assert receiver.received == []


@contextmanager
def raw_server(chunks):
    """Answers with bytes as they are, one chunk every few milliseconds; None waits."""

    def answer():
        with suppress(OSError):
            connection, _ = listening.accept()
            with connection:
                connection.recv(100_000)
                for chunk in chunks:
                    if chunk is None:
                        ended.wait()
                    elif ended.wait(0.005):
                        return
                    else:
                        connection.sendall(chunk)

    ended = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=answer, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/hook"
        ended.set()
        listening.shutdown(socket.SHUT_RDWR)
    thread.join()


@pytest.mark.parametrize(
    "code",
    [
        "printf '\\351\\200'; printf '\\351' >&2",
        "head -c 3000000 /dev/zero; head -c 3000000 /dev/zero >&2",
        "sleep 20 & exit 0",  # its output stays open
        "exec 0<&- 1>&- 2>&-; exit 0",
        "setsid sleep 20 & true",
    ],
)
def test_a_program_that_exits_with_0_has_taken_it(code):
    start = time.monotonic()
    assert deliver(ALERT, webhook=None, command=("sh", "-c", code)) == {"command": None}
    assert time.monotonic() - start < 15


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("kill -9 $$", "ended by signal 9"),
        ("printf 'caf\\351 \\033[31m' >&2; exit 4", "ended with 4: caf"),
        ("yes >&2", "timed out after 1 s"),
        ("trap '' TERM; exec 0<&- 1>&- 2>&-; sleep 60", "timed out after 1 s"),
    ],
)
def test_a_program_that_does_not_is_named(monkeypatch, code, reason):
    monkeypatch.setattr(alerts, "COMMAND_SECONDS", 1.0 if "timed" in reason else 20.0)
    (error,) = deliver(ALERT, webhook=None, command=("sh", "-c", code)).values()
    assert error.startswith("sh: ") and reason in error and "\033" not in error


def test_what_cannot_be_run_is_named(tmp_path):
    plain = tmp_path / "plain"
    plain.write_text("no program")
    for command in (str(plain), str(tmp_path), "nul\0byte"):
        (error,) = deliver(ALERT, webhook=None, command=(command,)).values()
        assert error.startswith(command)
    plain.chmod(0o755)
    (error,) = deliver(ALERT, webhook=None, command=(str(plain),)).values()
    assert "format error" in error


ALIEN = {
    "empty": b"",
    "no JSON": b"{",
    "no UTF-8": b"\xff\xfe",
    "a list": b"[]",
    "other keys": b"{}",
    "no alert": b'{"alert": "{}", "done": [], "since": 0}',
    "too much": json.dumps(
        {"alert": json.dumps({**json.loads(ALERT.to_json()), "more": 1}), "done": [], "since": 0}
    ).encode(),
    "no time": json.dumps({"alert": ALERT.to_json(), "done": [], "since": "now"}).encode(),
    "deep": b'{"alert":' + b"[" * 100_000,
    "large": b" " * 2_000_000,
}


@pytest.mark.parametrize("kind", ALIEN)
def test_a_file_that_is_no_alert_is_set_aside_and_named(kind, receiver, tmp_path):
    alert_queue = AlertQueue(tmp_path, webhook=receiver.address, command=())
    alert_queue.put(ALERT)
    (tmp_path / "0.json").write_bytes(ALIEN[kind])
    (problem,) = alert_queue.deliver()
    assert problem.startswith(f"{tmp_path / '0.json'} cannot be read") and "set_aside" in problem
    assert len(receiver.received) == 1, "it keeps no other back"
    assert (tmp_path / "set_aside" / "0.json").read_bytes() == ALIEN[kind]
    assert alert_queue.deliver() == []


def test_what_is_no_file_is_set_aside(receiver, tmp_path):
    alert_queue = AlertQueue(tmp_path, webhook=receiver.address, command=())
    alert_queue.put(ALERT)
    (tmp_path / "folder.json").mkdir()
    os.mkfifo(tmp_path / "pipe.json")
    (tmp_path / "link.json").symlink_to("/dev/zero")
    assert len(alert_queue.deliver()) == 3 and len(receiver.received) == 1
    assert alert_queue.deliver() == []
    assert {Path(row["file"]).stem for row in undelivered_alerts(tmp_path)} == {
        "folder", "pipe", "link"
    }  # fmt: skip


def test_what_was_delivered_is_recorded_before_the_next_way_is_tried(receiver, tmp_path):
    look = "import sys, pathlib; sys.exit(b'webhook' in pathlib.Path(sys.argv[1]).read_bytes())"
    command = (sys.executable, "-c", look, str(tmp_path / "run.json"))
    alert_queue = AlertQueue(tmp_path, webhook=receiver.address, command=command)
    alert_queue.put(ALERT)
    assert ["ended with 1" in error for error in alert_queue.deliver()] == [True]
    alert_queue.put(ALERT)
    alert_queue.deliver()
    assert len(receiver.received) == 1, "also if the same alert is queued again"
    alert_queue.put(replace(ALERT, reason="worse still"))
    alert_queue.deliver()
    assert len(receiver.received) == 2


def test_an_alert_that_is_replaced_while_it_is_delivered_is_not_lost(receiver, tmp_path):
    alert_queue = AlertQueue(tmp_path, webhook=None, command=())
    alert_queue.put(replace(ALERT, reason="newer"))
    newer = tmp_path / "newer"
    (tmp_path / "run.json").replace(newer)
    alert_queue.put(ALERT)
    command = ("cp", str(newer), str(tmp_path / "run.json"))
    delivering = AlertQueue(tmp_path, webhook=receiver.address, command=command)
    assert delivering.deliver() == [] and len(undelivered_alerts(tmp_path)) == 1
    delivering.deliver()
    assert [each["reason"] for each in receiver.received] == ["worse", "newer"]
    assert undelivered_alerts(tmp_path) == []


def test_an_alert_that_is_put_while_another_is_recorded_is_not_lost(
    receiver, tmp_path, monkeypatch
):
    alert_queue = AlertQueue(tmp_path, webhook=receiver.address, command=())
    alert_queue.put(ALERT)
    newer, delete, putting = replace(ALERT, reason="newer"), Path.unlink, []

    def unlink(path, **options):
        if path.name == "run.json" and not putting:
            putting.append(threading.Thread(target=alert_queue.put, args=(newer,)))
            putting[0].start()
            putting[0].join(1)  # it ends only where nothing keeps it from replacing the file
        delete(path, **options)

    monkeypatch.setattr(Path, "unlink", unlink)
    assert alert_queue.deliver() == []
    putting[0].join()
    assert len(undelivered_alerts(tmp_path)) == 1
    assert alert_queue.deliver() == []
    assert [each["reason"] for each in receiver.received] == ["worse", "newer"]


def test_no_other_user_of_the_machine_can_read_the_address(monkeypatch):
    monkeypatch.setattr(alerts, "WEBHOOK_SECONDS", 60.0)
    seen = []

    def look(connection):
        with connection:
            connection.recv(100_000)
            own = psutil.Process().children(recursive=True)
            seen.extend(" ".join(each.cmdline()) for each in own)
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=lambda: look(listening.accept()[0]))
        thread.start()
        address = f"http://127.0.0.1:{listening.getsockname()[1]}/a-secret"
        assert deliver(ALERT, webhook=address, command=()) == {"webhook": None}
        thread.join()
    assert any("alerts.post" in each for each in seen)
    assert not any("a-secret" in each for each in seen)


def test_two_daemons_deliver_once(receiver, tmp_path):
    told = tmp_path / "told"
    code = (
        "import sys, pathlib\n"
        "from insight_dagster.orchestration.alerts.queue import AlertQueue\n"
        "command = ('sh', '-c', 'sleep 0.2; echo x >> ' + sys.argv[2])\n"
        "queue = AlertQueue(pathlib.Path(sys.argv[1]), webhook=sys.argv[3], command=command)\n"
        "print(flush=True); sys.stdin.read()\n"
        "for _ in range(5): queue.deliver()\n"
    )
    folder = tmp_path / "alerts"
    for number in range(3):
        alert = replace(ALERT, run_id=f"run {number}")
        AlertQueue(folder, webhook=None, command=()).put(alert)
    command = [sys.executable, "-c", code, str(folder), str(told), receiver.address]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE}
    daemons = [subprocess.Popen(command, **pipes) for _ in range(2)]
    for daemon in daemons:
        daemon.stdout.readline()
    for daemon in daemons:
        daemon.stdin.close()
    assert [daemon.wait(60) for daemon in daemons] == [0, 0]
    assert told.read_text() == "x\n" * 3 and len(receiver.received) == 3
    assert undelivered_alerts(folder) == []
