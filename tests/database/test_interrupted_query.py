"""A signal during a query: its exception ends the caller, and the file is free again."""

import os
import signal
import threading

import pytest

from insight_dagster.database import Database

LONG = "SELECT sum(a.range * b.range) FROM range(10000000) a, range(100000) b"


class Interruption(BaseException):
    """What Dagster's signal handler raises."""


def test_a_signal_during_a_query_is_no_failed_query(tmp_path):
    def interrupt(*_):
        raise Interruption

    database = Database(tmp_path / "insight.duckdb", 5)
    database.write()
    before = signal.signal(signal.SIGUSR1, interrupt)
    sends = threading.Timer(2, os.kill, (os.getpid(), signal.SIGUSR1))
    try:
        sends.start()
        with pytest.raises(Interruption):
            database.read(LONG)
    finally:
        sends.join()
        signal.signal(signal.SIGUSR1, before)
    database.write()
    assert database.read("SELECT 1 AS one")["one"].to_pylist() == [1]
