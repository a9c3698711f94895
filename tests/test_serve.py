"""The real Dagster UI and daemon on a finished home: one class materialized through them."""

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request

import pytest

from insight_dagster.database import Database
from insight_dagster.tables import CLUSTERS

pytestmark = pytest.mark.slow

LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
  }
}"""
STATUS = "query Status($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
NODES = "{ assetNodes { assetKey { path } isPartitioned description } }"


class Server:
    """`insight serve` in a session of its own, so that it can be ended as a whole."""

    def __init__(self, home):
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.process = subprocess.Popen(
            [sys.executable, "-c", "from insight_dagster.cli import main; main()", "serve"]
            + ["--home", str(home), "--port", str(self.port)],
            env=os.environ | {"INSIGHT_MIN_CLUSTER_SIZE": "4"},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )

    def ask(self, query: str, **variables):
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.load(answer)["data"]

    def wait_until_loaded(self, seconds: float = 120):
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            try:
                nodes = self.ask(NODES)["assetNodes"]
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                nodes = []
            if nodes:
                return nodes
            assert self.process.poll() is None, self.process.stdout.read().decode()
            time.sleep(0.5)
        raise AssertionError("the UI did not load the code location")

    def wait_for_run(self, run_id: str, seconds: float = 180) -> str:
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            status = self.ask(STATUS, id=run_id)["runOrError"]["status"]
            if status in ("SUCCESS", "FAILURE", "CANCELED"):
                return status
            time.sleep(1)
        raise AssertionError("the run did not end")

    def stop(self):
        os.killpg(self.process.pid, signal.SIGINT)
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


@pytest.fixture
def server(home_copy):
    running = Server(home_copy.home)
    try:
        yield running
    finally:
        running.stop()


def test_a_class_can_be_materialized_through_the_ui(server, home_copy):
    nodes = server.wait_until_loaded()
    assert len(nodes) == 12
    store = Database(home_copy.database_path)
    before = store.rows(CLUSTERS, "snowboarding")
    store.write(_without(before))
    assert store.rows(CLUSTERS, "snowboarding").num_rows == 0
    launched = server.ask(
        LAUNCH,
        parameters={
            "selector": {
                "repositoryLocationName": "insight_dagster.definitions",
                "repositoryName": "__repository__",
                "jobName": "__ASSET_JOB",
                "assetSelection": [{"path": ["clusters"]}],
            },
            "mode": "default",
            "executionMetadata": {"tags": [{"key": "dagster/partition", "value": "snowboarding"}]},
        },
    )["launchRun"]
    assert launched["__typename"] == "LaunchRunSuccess", launched
    assert server.wait_for_run(launched["run"]["runId"]) == "SUCCESS"
    assert store.rows(CLUSTERS, "snowboarding").equals(before)


def _without(rows):
    from insight_dagster.writes import Replacement

    return Replacement(CLUSTERS, rows.slice(0, 0), "snowboarding")
