"""Recovery from kill -9 at random moments: `python -m benchmarks.kill_recovery`.

For every moment, a fresh home with the real UI, daemon and code location gets a backfill of six
classes over all assets, and a step, a run, the daemon or everything is killed at a random time; or
it gets a nightly analysis, whose controlling run is killed. Afterwards the database must open, no
partition may be half written, the work must succeed (launched again if necessary) without computing
finished clips again, and every table must equal that of an undisturbed run.
"""

from __future__ import annotations

import argparse
import json
import random
import shutil
import signal
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from benchmarks.kill_targets import KILLERS
from benchmarks.kill_traces import computed, half_written, recomputed, stored, unequal
from insight_dagster.commands.console import Console
from insight_dagster.commands.home import initialise, open_instance
from insight_dagster.commands.run.local_run import run_pipeline
from insight_dagster.demo.classes import DEMO_CLASSES
from insight_dagster.demo.library.fault_shares import FaultShares
from insight_dagster.demo.library.make_library import make_library
from insight_dagster.orchestration.stages import NIGHT_JOB as NIGHT
from insight_dagster.orchestration.stages import STAGES
from insight_dagster.settings import Settings, load_settings
from tests.support.dagster_server import DagsterServer, wait_for

FOLDER = Path(".benchmarks/kill_recovery")
CLASSES = (*DEMO_CLASSES, "skateboarding")
TARGETS = tuple(KILLERS)
QUIET = Console(quiet=True)


@dataclass(frozen=True)
class Snapshot:
    """The effects of one kill.

    Attributes:
        target: what was killed.
        after_seconds: time of the kill since the launch.
        during: the step or job that was running, if the target has one.
        finished_clips: number of stored results at that time.
        recomputed: number of these that were computed again; must be 0.
        launched_again: whether the work had to be launched again by hand.
        seconds: from the kill to the end of the work.
        half_written: partitions with rows for only some of their clips; must be empty.
        unequal: tables that differ from those of an undisturbed run; must be empty.
    """

    target: str
    after_seconds: float
    during: str
    finished_clips: int
    recomputed: int
    launched_again: bool
    seconds: float
    half_written: tuple[str, ...]
    unequal: tuple[str, ...]

    @property
    def passed(self) -> bool:
        """Whether nothing was lost and nothing was computed twice."""
        return not (self.recomputed or self.half_written or self.unequal)


def prepare(folder: Path, clips_per_class: int) -> tuple[Path, Path]:
    """Render the library and analyse it in a home without a kill; return both."""
    library, home = folder / "library", folder / "reference"
    make_library(
        library,
        seed=3,
        clips_per_class=clips_per_class,
        classes=CLASSES,
        faults=FaultShares(format=0, corrupt=0),
    )
    outcome = run_pipeline(settings_of(home, library), console=QUIET)
    assert outcome.succeeded, outcome.failures
    return library, home


def settings_of(home: Path, library: Path) -> Settings:
    """Return the settings of a home of this benchmark."""
    return load_settings(
        home=home,
        library=library,
        min_cluster_size=4,
        heatmaps_per_insight=2,
        automation="off",
    )


def environment(settings: Settings) -> dict[str, str]:
    """Return the settings as environment variables for a server."""
    names = ("library", "min_cluster_size", "heatmaps_per_insight", "automation")
    return {f"INSIGHT_{name.upper()}": str(getattr(settings, name)) for name in names}


def disturb(settings: Settings, reference: Path, target: str, delay: float) -> Snapshot:
    """Launch a backfill or a nightly analysis, kill the target, and return the effects."""
    initialise(settings, console=QUIET)
    server = start(settings)
    try:
        with open_instance(settings) as instance:
            instance.add_dynamic_partitions("action_class", list(CLASSES))
            work = launch(server, target)
            wait_for(lambda: instance.get_runs(limit=1), 120, "the first run")
            time.sleep(delay)
            during = KILLERS[target](server, instance)
            killed = time.monotonic()
            finished = stored(settings)
            half = half_written(settings)
            begun = {run.run_id for run in instance.get_runs()}
            if server.process.poll() is not None:
                server = start(settings)
            again = not ended_well(server, target, work)
            if again:
                assert ended_well(server, target, launch(server, target))
            redone = recomputed(computed(instance), begun, finished)
    finally:
        server.stop(signal.SIGKILL)
    return Snapshot(
        target=target,
        after_seconds=round(delay, 1),
        during=during,
        finished_clips=sum(len(ids) for ids in finished.values()),
        recomputed=redone,
        launched_again=again,
        seconds=round(time.monotonic() - killed, 1),
        half_written=half,
        unequal=unequal(settings, reference),
    )


def start(settings: Settings) -> DagsterServer:
    """Start a server on a home and wait until it is ready."""
    server = DagsterServer(settings.home, **environment(settings))
    server.wait_until_loaded()
    return server


def launch(server: DagsterServer, target: str) -> str:
    """Launch the work that the target is part of, and return the id of its backfill or run."""
    return server.launch(NIGHT) if target == "night" else server.backfill(assets(), CLASSES)


def ended_well(server: DagsterServer, target: str, work: str) -> bool:
    """Wait for the end of the work, and return whether it succeeded."""
    if target != "night":
        return server.wait_for_backfill(work, 900)["status"] == "COMPLETED_SUCCESS"

    def ended() -> list[str]:
        statuses = [run["status"] for run in server.runs(pipelineName=NIGHT)]
        return statuses if "SUCCESS" in statuses else []

    # The daemon launches a killed night again: the newest run comes first.
    return wait_for(ended, 900, "the night to end")[0] == "SUCCESS"


def assets() -> list[str]:
    """Return the assets of the backfill: all except the report."""
    return [name for stage in STAGES for name in stage.asset_names if name != "insight_report"]


def main() -> None:
    """Run the command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", maxsplit=1)[0])
    parser.add_argument("--moments", type=int, default=10)
    parser.add_argument("--clips-per-class", type=int, default=12)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--longest", type=float, default=60.0, help="latest kill, in seconds")
    parser.add_argument("--targets", nargs="+", choices=TARGETS, default=TARGETS)
    parser.add_argument("--json", type=Path)
    arguments = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    folder = FOLDER.absolute()
    library, reference = prepare(folder, arguments.clips_per_class)
    rng, moments = random.Random(arguments.seed), []  # noqa: S311 - moments, not secrets
    for number in range(arguments.moments):
        target = arguments.targets[number % len(arguments.targets)]
        settings = settings_of(folder / f"home{number}", library)
        moment = disturb(settings, reference, target, rng.uniform(0, arguments.longest))
        print(json.dumps(asdict(moment)), flush=True)
        moments.append(moment)
        shutil.rmtree(settings.home)
    if arguments.json:
        arguments.json.write_text(json.dumps([asdict(each) for each in moments], indent=2) + "\n")
    good = sum(moment.passed for moment in moments)
    print(f"{good} of {len(moments)} moments: nothing lost, nothing computed twice")
    sys.exit(good < len(moments))


if __name__ == "__main__":
    main()
