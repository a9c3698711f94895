"""The cost of a night with few changes: `python -m benchmarks.night_cost --clips 1000 10000`.

Every size of library has its own home, with the real UI, daemon and code location, and three
nights: the first, which measures every clip; one after 1 % of the clips were replaced; one after no
change. The clips are small and the model is the demo's, so that everything but measuring shows.
"""

from __future__ import annotations

import argparse
import json
import shutil
import signal
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import av
import numpy as np
from rich.progress import track

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import initialise, open_instance
from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.orchestration.stage_requests import NIGHT_TAG
from insight_dagster.orchestration.stages import NIGHT_JOB as NIGHT
from insight_dagster.settings import Settings, load_settings
from tests.support.dagster_server import DagsterServer, wait_for

FOLDER = Path(".benchmarks/night_cost")
CHANGED_SHARE = 0.01
_SIDE, _PICTURES, _RATE = 112, 34, 12


@dataclass(frozen=True)
class Night:
    """The cost of one night.

    Attributes:
        clips: number of clips in the library.
        changed: number of clips that changed since the night before.
        seconds: from launch to end.
        stages: seconds of the runs of every job, without waiting in the queue.
    """

    clips: int
    changed: int
    seconds: float
    stages: dict[str, float]


def write_clips(library: Path, count: int) -> list[Path]:
    """Write clips of 2.8 s that all differ, in a folder for each of five classes."""
    paths = []
    for number in track(range(count), description=f"{count} clips"):
        path = library / DEMO_CLASSES[number % len(DEMO_CLASSES)] / f"{number:06d}.mp4"
        path.parent.mkdir(parents=True, exist_ok=True)
        write_clip(path, seed=number, kind=number % len(DEMO_CLASSES))
        paths.append(path)
    return paths


def write_clip(path: Path, *, seed: int, kind: int) -> None:
    """Write a clip of drifting blobs, whose colours and speed depend on kind and seed."""
    rng = np.random.default_rng(seed)
    ground = rng.normal(100 + 20 * kind, 30, 3)
    world = rng.normal(ground, 40, (_SIDE // 8 + 12, _SIDE // 8 + 12, 3))
    world = np.clip(world, 0, 255).astype(np.uint8).repeat(8, 0).repeat(8, 1)
    step = rng.normal(0.5 * (kind + 1), 0.4, 2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=_RATE, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = _SIDE, _SIDE, "yuv420p"
        for number in range(_PICTURES):
            down, across = (int(abs(each) * number) % 90 for each in step)
            picture = world[down : down + _SIDE, across : across + _SIDE]
            frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(picture), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def nights(count: int, folder: Path) -> list[Night]:
    """Run the three nights of a library of one size."""
    library = folder / f"library{count}"
    paths = write_clips(library, count)
    settings = load_settings(home=folder / f"home{count}", library=library, automation="off")
    initialise(settings, console=Console(quiet=True))
    server = DagsterServer(settings.home, INSIGHT_LIBRARY=str(library), INSIGHT_AUTOMATION="off")
    changes = [0, round(CHANGED_SHARE * count), 0]
    done = []
    try:
        server.wait_until_loaded()
        for number, changed in enumerate(changes):
            for path in paths[:changed]:
                kind = DEMO_CLASSES.index(path.parent.name)
                write_clip(path, seed=count * (number + 1) + int(path.stem), kind=kind)
            done.append(_night(server, settings, count, changed if number else count))
            print(json.dumps(asdict(done[-1])), flush=True)
    finally:
        server.stop(signal.SIGKILL)
    return done


def _night(server: DagsterServer, settings: Settings, clips: int, changed: int) -> Night:
    started = time.monotonic()
    run_id = server.launch(NIGHT)

    def ended() -> bool:
        statuses = {run["runId"]: run["status"] for run in server.runs(pipelineName=NIGHT)}
        return statuses.get(run_id) in ("SUCCESS", "FAILURE")

    wait_for(ended, 7200, "the night to end")
    seconds = time.monotonic() - started
    stages: dict[str, float] = {}
    with open_instance(settings) as instance:
        for record in instance.get_run_records():
            run = record.dagster_run
            if run.tags.get(NIGHT_TAG) == run_id and record.start_time and record.end_time:
                took = record.end_time - record.start_time
                stages[run.job_name] = round(stages.get(run.job_name, 0) + took, 1)
    return Night(clips, changed, round(seconds, 1), stages)


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--clips", type=int, nargs="+", default=[1000])
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    found = [night for count in arguments.clips for night in nights(count, FOLDER.absolute())]
    for first, changed, still in zip(found[::3], found[1::3], found[2::3], strict=True):
        print(
            f"{first.clips} clips: first night {first.seconds:.0f} s; {changed.changed} changed "
            f"{changed.seconds:.0f} s; nothing changed {still.seconds:.0f} s"
        )
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(each) for each in found], indent=2) + "\n")


if __name__ == "__main__":
    main()
