"""A real Dagster UI, daemon and code location on a home folder, driven through GraphQL."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

LOCATION = {
    "repositoryLocationName": "insight_dagster.definitions",
    "repositoryName": "__repository__",
}
_LAUNCH = """
mutation Launch($parameters: ExecutionParams!) {
  launchRun(executionParams: $parameters) {
    __typename
    ... on LaunchRunSuccess { run { runId } }
    ... on PythonError { message }
    ... on RunConfigValidationInvalid { errors { message } }
  }
}"""
_BACKFILL = """
mutation Backfill($parameters: LaunchBackfillParams!) {
  launchPartitionBackfill(backfillParams: $parameters) {
    __typename
    ... on LaunchBackfillSuccess { backfillId }
    ... on PythonError { message }
  }
}"""
_BACKFILL_STATE = """
query State($id: String!) {
  partitionBackfillOrError(backfillId: $id) {
    ... on PartitionBackfill { status runs(limit: 100) { runId status jobName } }
  }
}"""
_RUN = "query Run($id: ID!) { runOrError(runId: $id) { ... on Run { status } } }"
_RUNS = """
query Runs($filter: RunsFilter!) {
  runsOrError(filter: $filter, limit: 200) {
    ... on Runs { results { runId status jobName tags { key value } } }
  }
}"""
_NODES = "{ assetNodes { assetKey { path } isPartitioned description } }"
_ENDED = ("SUCCESS", "FAILURE", "CANCELED")


class DagsterServer:
    """A running `insight serve`, in its own session so that it can be ended as a whole."""

    def __init__(self, home: Path, **environment: str) -> None:
        with socket.socket() as free, socket.socket() as another:
            free.bind(("127.0.0.1", 0))
            another.bind(("127.0.0.1", 0))
            self.port, self.report_port = free.getsockname()[1], another.getsockname()[1]
        self.log = home / "serve.log"
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "insight_dagster", "serve"]
                + ["--home", str(home), "--port", str(self.port)]
                + ["--report-port", str(self.report_port)],
                env=os.environ | environment,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def __enter__(self) -> DagsterServer:
        try:
            self.wait_until_loaded()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    @property
    def address(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, query: str, **variables: Any) -> dict[str, Any]:
        request = urllib.request.Request(
            f"{self.address}/graphql",
            json.dumps({"query": query, "variables": variables}).encode(),
            {"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=60) as answer:
            found: dict[str, Any] = json.load(answer)
        assert "errors" not in found, found["errors"]
        return found["data"]

    def wait_until_loaded(self, seconds: float = 400) -> list[dict[str, Any]]:
        def loaded() -> list[dict[str, Any]]:
            assert self.process.poll() is None, self.log.read_text()[-3000:]
            try:
                return self.ask(_NODES)["assetNodes"]
            except (urllib.error.URLError, ConnectionError, TimeoutError):
                return []

        return wait_for(loaded, seconds, "the UI to load the code location")

    def launch(
        self,
        job: str,
        *,
        assets: Sequence[str] = (),
        tags: Mapping[str, str] | None = None,
        config: Mapping[str, Any] | None = None,
    ) -> str:
        selector: dict[str, Any] = {**LOCATION, "jobName": job}
        if assets:
            selector["assetSelection"] = [{"path": [name]} for name in assets]
        launched = self.ask(
            _LAUNCH,
            parameters={
                "selector": selector,
                "mode": "default",
                "runConfigData": dict(config or {}),
                "executionMetadata": {
                    "tags": [{"key": k, "value": v} for k, v in (tags or {}).items()]
                },
            },
        )["launchRun"]
        assert launched["__typename"] == "LaunchRunSuccess", launched
        return launched["run"]["runId"]

    def wait_for_run(self, run_id: str, seconds: float = 300) -> str:
        def ended() -> str:
            status = self.ask(_RUN, id=run_id)["runOrError"]["status"]
            return status if status in _ENDED else ""

        return wait_for(ended, seconds, f"run {run_id} to end")

    def runs(self, **filters: Any) -> list[dict[str, Any]]:
        return self.ask(_RUNS, filter=filters)["runsOrError"]["results"]

    def backfill(self, assets: Sequence[str], classes: Sequence[str]) -> str:
        launched = self.ask(
            _BACKFILL,
            parameters={
                "assetSelection": [{"path": [name]} for name in assets],
                "partitionNames": list(classes),
                "fromFailure": False,
            },
        )["launchPartitionBackfill"]
        assert launched["__typename"] == "LaunchBackfillSuccess", launched
        return launched["backfillId"]

    def wait_for_backfill(self, backfill_id: str, seconds: float = 600) -> dict[str, Any]:
        def ended() -> dict[str, Any]:
            state = self.ask(_BACKFILL_STATE, id=backfill_id)["partitionBackfillOrError"]
            return state if state["status"] not in ("REQUESTED", "CANCELING") else {}

        return wait_for(ended, seconds, f"backfill {backfill_id} to end")

    def backfill_runs(self, backfill_id: str, status: str) -> list[str]:
        state = self.ask(_BACKFILL_STATE, id=backfill_id)["partitionBackfillOrError"]
        return [run["runId"] for run in state["runs"] if run["status"] == status]

    def stop(self, how: int = signal.SIGINT) -> None:
        """End the server and everything that it started."""
        if self.process.poll() is None:
            os.killpg(self.process.pid, how)
        try:
            self.process.wait(40)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


def wait_for(ask: Callable[[], Any], seconds: float, what: str) -> Any:
    """Call a function until its result is true, and return that; fail if this takes too long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        answer = ask()
        if answer:
            return answer
        time.sleep(0.5)
    raise AssertionError(f"waited {seconds:g} s for {what}")
