"""A child process that misbehaves as its requests say."""

import os
import signal
import subprocess
import sys
import time

from insight_dagster.files.processes.request_loop import answer_requests


def answer(request: bytes) -> bytes:
    match request.split():
        case [b"half"]:  # a message that never ends
            os.write(int(sys.argv[2]), (1000).to_bytes(4, "big") + b"x")
            time.sleep(600)
        case [b"hang"]:
            signal.pthread_sigmask(signal.SIG_BLOCK, signal.valid_signals())
            time.sleep(600)
        case [b"start"]:
            return str(subprocess.Popen(["sleep", "600"]).pid).encode()
        case [b"fill"]:
            return b"%d" % len(bytearray(1 << 30))
        case [b"exit"]:
            sys.exit(7)
    return request


if __name__ == "__main__":
    answer_requests(answer)
