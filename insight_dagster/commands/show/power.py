"""`insight power`: the smallest failing group that would be found in the clips of a home."""

from __future__ import annotations

import math
from dataclasses import asdict

from insight_dagster.analysis.insights.power import EXCESSES, Power, smallest_excess
from insight_dagster.commands.console import Console
from insight_dagster.commands.printing import print_json, print_rows
from insight_dagster.commands.progress import progress_bars
from insight_dagster.definitions import build_definitions, classifier_of
from insight_dagster.errors import NotEnoughClipsError
from insight_dagster.pipeline.clip_table import read_clip_table
from insight_dagster.pipeline.home import open_database
from insight_dagster.settings import Settings

_SIZES = (10, 20, 40, 80)
_LARGEST_SHARE = 0.5


def show_power(settings: Settings, *, trials: int, as_json: bool, console: Console) -> None:
    """Plant failing groups of several sizes in the home's clips and print how many are found.

    Args:
        settings: of the home.
        trials: number of planted groups for each size and error rate.
        as_json: print JSON instead of a table.
        console: to print to.

    Raises:
        NotEnoughClipsError: no class has 20 clips, or the model makes no error to plant.
        LatentSpaceError: no clip has been projected yet.
    """
    model = classifier_of(build_definitions(settings)).describe()
    clips = read_clip_table(
        open_database(settings),
        settings.folders,
        settings.analysis_options,
        model_fingerprint=model.fingerprint,
        model_labels=model.labels,
    ).clips
    largest = max(len(clips.of_class(name)) for name in clips.classes)
    sizes = [size for size in _SIZES if size <= _LARGEST_SHARE * largest]
    if not sizes or not (clips.correct == 0).any():
        raise NotEnoughClipsError(
            f"the largest class has {largest} clips; at least 20 are needed, because a group is "
            "planted in at most half of a class, and the model must make at least one error"
        )
    steps = math.ceil(math.log2(len(EXCESSES) + 1))
    with progress_bars(Console(quiet=True) if as_json else console) as bars:
        advance = bars.begin("planting groups", trials * steps * len(sizes))
        found = smallest_excess(
            clips,
            sizes,
            trials=trials,
            seed=settings.seed,
            fdr=settings.fdr,
            step=lambda: advance(1),
        )
    if as_json:
        print_json("power", clips=len(clips), groups=[asdict(each) for each in found])
        return
    title = f"Failing groups found in at least 80 % of {trials} trials, {len(clips)} clips"
    print_rows(console, [_line(each) for each in found], title=title, empty="")


def _line(power: Power) -> dict[str, object]:
    if math.isnan(power.excess):
        excess = f"none up to {power.largest_tried:.0%}"
    else:
        excess = f"{power.excess:.0%}"
    return {
        "clips in the group": power.size,
        "errors above the class": excess,
        "found": power.found,
    }
