"""Whatever happens to a library: small steps end where one run from scratch does."""

import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from insight_dagster.commands.console import Console
from insight_dagster.commands.home import open_instance
from insight_dagster.commands.progress import progress_bars
from insight_dagster.commands.show.classes import remove_class
from insight_dagster.database import Database
from insight_dagster.definitions import build_definitions
from insight_dagster.orchestration.run_stages import run_stage
from insight_dagster.orchestration.stage_launchers import InProcessLauncher
from insight_dagster.orchestration.stages import EXTRACT
from insight_dagster.settings import load_settings
from insight_dagster.tables import (
    CLIP_MANIFEST,
    EMBEDDINGS,
    METADATA_FRAMES,
    METADATA_TABLE,
    PREDICTIONS,
)
from tests.support.model_clips import LABELS, save_checkpoint, write_clip

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
CLASSES = (*LABELS, 'a class\'s 名前 "x"')
CONTENTS = 5
PARTITION = "action_class"

_PLACE = st.tuples(st.sampled_from(CLASSES), st.sampled_from(["one", "two", "three"]))
_STEP = st.lists(
    st.one_of(
        st.tuples(st.just("write"), _PLACE, st.integers(0, CONTENTS - 1)),
        st.tuples(st.just("break"), _PLACE),
        st.tuples(st.just("delete"), _PLACE),
        st.tuples(st.just("relabel"), _PLACE, st.sampled_from(CLASSES)),
        st.tuples(st.just("remove class"), st.sampled_from(CLASSES)),
    ),
    min_size=1,
    max_size=5,
)
_FIRST = [("write", (name, "one"), number) for number, name in enumerate(CLASSES)]


@pytest.fixture(scope="module")
def contents(tmp_path_factory):
    """Tiny videos, and the checkpoint of a tiny model."""
    folder = tmp_path_factory.mktemp("contents")
    for number in range(CONTENTS):
        write_clip(folder / f"{number}.mp4", seed=number, frames=40)
    save_checkpoint(folder / "model.pt")
    return folder


def apply(change, library: Path, contents: Path) -> None:
    kind, *what = change
    if kind == "remove class":
        shutil.rmtree(library / what[0], ignore_errors=True)
        return
    class_name, name = what[0]
    path = library / class_name / f"{name}.mp4"
    path.parent.mkdir(parents=True, exist_ok=True)
    if kind == "write":
        shutil.copyfile(contents / f"{what[1]}.mp4", path)
    elif kind == "break":
        path.write_bytes(b"broken")
    elif kind == "delete":
        path.unlink(missing_ok=True)
    elif path.exists():
        target = library / what[1] / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        path.rename(target)


def present(library: Path) -> tuple[str, ...]:
    return tuple(sorted({path.parent.name for path in library.glob("*/*.mp4")}))


def measure(home, classes) -> None:
    with open_instance(home) as instance, progress_bars(Console(quiet=True)) as bars:
        known = instance.get_dynamic_partitions(PARTITION)
        instance.add_dynamic_partitions(PARTITION, [c for c in classes if c not in known])
        launcher = InProcessLauncher(build_definitions(home, progress=bars), instance)
        assert run_stage(EXTRACT, classes, launcher).failures == ()


def rows(home, table):
    found = Database(home.folders.database).rows(table).sort_by("clip_id")
    return found.drop_columns([name for name in ("modified_ns",) if name in found.column_names])


@given(steps=st.lists(_STEP, min_size=1, max_size=3))
@settings(
    max_examples=4,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
def test_small_steps_end_where_one_run_does(contents, steps):
    with tempfile.TemporaryDirectory() as name:
        library = Path(name) / "library"
        model = {"library": library, "weights": str(contents / "model.pt"), "device": "cpu"}
        home = load_settings(home=Path(name) / "home", **model)
        for step in [_FIRST, *steps]:
            before = set(present(library))
            for change in step:
                apply(change, library, contents)
            classes = present(library)
            if not classes:
                return
            for gone in sorted(before - set(classes)):
                remove_class(home, gone, confirm=lambda _: True, console=Console(quiet=True))
            measure(home, classes)
        scratch = load_settings(home=Path(name) / "scratch", **model)
        measure(scratch, classes)
        for table in (CLIP_MANIFEST, EMBEDDINGS, PREDICTIONS, METADATA_TABLE, METADATA_FRAMES):
            assert rows(home, table).equals(rows(scratch, table)), table.name
