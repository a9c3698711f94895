"""`insight serve`: what other sites ask for is refused, and one signal ends all of it."""

import json
import os
import signal
import socket
import subprocess
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import psutil
import pytest

from insight_dagster.commands.run.serve import serve_home
from insight_dagster.errors import SettingsError
from insight_dagster.settings import load_settings
from tests.support.dagster_server import DagsterServer, wait_for
from tests.support.running import runs, wait_until

ADD = """mutation { addDynamicPartition(repositorySelector: {repositoryName: "__repository__",
  repositoryLocationName: "insight_dagster.definitions"}, partitionsDefName: "action_class",
  partitionKey: "%s") { __typename } }"""
CLASSES = """{ assetNodeOrError(assetKey: {path: ["clip_manifest"]}) {
  ... on AssetNode { partitionKeys } } }"""


def status_of(address, document=None, **headers):
    body = None if document is None else json.dumps({"query": document}).encode()
    sent = {"Content-Type": "application/json", **headers}
    try:
        request = urllib.request.Request(address, body, sent)
        with urllib.request.urlopen(request, timeout=60) as answer:
            return answer.status
    except urllib.error.HTTPError as refused:
        return refused.code


def family_of(process):
    return [each.pid for each in psutil.Process(process).children(recursive=True)]


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize("how", [signal.SIGTERM, signal.SIGINT])
def test_only_its_own_pages_change_something_and_a_signal_ends_it(tmp_path, how):
    environment = {"INSIGHT_LIBRARY": str(tmp_path), "INSIGHT_AUTOMATION": "off"}
    (tmp_path / "home").mkdir()
    with DagsterServer(tmp_path / "home", **environment) as server:
        graphql, own = f"{server.address}/graphql", f"127.0.0.1:{server.port}"
        by_get = f"{graphql}?{urllib.parse.urlencode({'query': ADD % 'by get'})}"
        assert status_of(by_get) == 403
        assert status_of(graphql, ADD % "foreign", Origin="http://evil.example") == 403
        assert status_of(graphql, ADD % "sandboxed", Origin="null") == 403
        assert status_of(graphql, ADD % "rebound", Host=f"evil.example:{server.port}") == 403
        assert status_of(graphql, ADD % "own page", Origin=f"http://{own}") == 200
        assert status_of(graphql, ADD % "program") == 200
        node = server.ask(CLASSES)["assetNodeOrError"]
        assert sorted(node["partitionKeys"]) == ["own page", "program"]
        family = family_of(server.process.pid)
        assert len(family) >= 4  # report, code location (two), webserver, daemon
        os.kill(server.process.pid, how)
        assert server.process.wait(60) == 0
        assert wait_until(lambda: not any(runs(each) for each in family))


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_script_ends_what_it_started_in_the_background(tmp_path):
    """A shell that runs a script starts what is in the background with SIGINT ignored."""
    command = f"{sys.executable} -m insight_dagster serve"
    script = f"{command} --home {tmp_path}/home --port $1 --report-port 0 & echo $!; wait"
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL, "text": True}
    shell = subprocess.Popen(["bash", "-c", script, "script", port], **pipes)
    served = int(shell.stdout.readline())
    try:
        wait_for(lambda: answers(f"http://127.0.0.1:{port}/server_info"), 400, "the UI")
        family = family_of(served)
        os.kill(served, signal.SIGTERM)
        assert wait_until(lambda: not any(runs(each) for each in [served, *family]), 60)
    finally:
        for each in family_of(shell.pid):
            os.kill(each, signal.SIGKILL)
        shell.wait()


def test_a_taken_port_is_a_clear_error(tmp_path, quiet):
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(SettingsError, match=rf"port {port} cannot be used.*--port"):
            serve_home(load_settings(home=tmp_path), port=port, report_port=0, console=quiet)
    assert not list(Path(tmp_path).iterdir())


def answers(address):
    try:
        return status_of(address) == 200
    except OSError:
        return False
