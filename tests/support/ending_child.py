"""A child process in the place of the one that reads a database; a file beside it says its end."""

import json
import os
import sys
import time
from pathlib import Path

from insight_dagster.files.processes.request_loop import answer_requests


def answer(request: bytes) -> bytes:
    match Path(f"{json.loads(request)}.ending").read_text(encoding="utf-8").split():
        case ["signal", number]:
            os.kill(os.getpid(), int(number))
        case ["hang"]:
            time.sleep(600)
        case ["exit", code]:
            sys.exit(int(code))
        case ["answer", *words]:
            return json.dumps([words[0], " ".join(words[1:])]).encode()
    return b""


if __name__ == "__main__":
    answer_requests(answer)
