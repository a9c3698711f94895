"""Deletion of files that no table row refers to."""

import os
import time

from insight_dagster.files.leftovers import remove_leftovers


def test_old_files_that_nothing_names_are_deleted_and_no_others(tmp_path):
    names = ("kept", "orphan", "young", "deep/orphan")
    paths = {name: tmp_path / "files" / name for name in names}
    for path in paths.values():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("x")
        if path.name != "young":
            os.utime(path, (time.time() - 7200,) * 2)
    outside = tmp_path / "outside"
    outside.write_text("x")
    os.utime(outside, (time.time() - 7200,) * 2)
    (tmp_path / "files" / "link").symlink_to(outside)
    assert remove_leftovers(tmp_path / "files", keep={paths["kept"]}) == 0
    assert remove_leftovers(tmp_path / "files", keep={paths["kept"]}) == 2
    left = {path.name for path in (tmp_path / "files").rglob("*") if not path.is_dir()}
    assert left == {"kept", "young", "link", ".leftovers"}
    assert outside.exists()
    assert remove_leftovers(tmp_path / "nothing", keep=set()) == 0


def test_a_clock_that_is_set_forward_deletes_nothing_of_a_run_at_work(tmp_path, monkeypatch):
    written, now = tmp_path / "by a run at work", time.time()
    written.write_text("x")
    monkeypatch.setattr(time, "time", lambda: now + 1500 * 86_400)
    assert remove_leftovers(tmp_path, keep=set()) == 0
    assert remove_leftovers(tmp_path, keep={written}) == 0, "the run has written its rows"
    assert remove_leftovers(tmp_path, keep=set()) == 0, "it is left over, for the first time"
    assert remove_leftovers(tmp_path, keep=set()) == 1


def test_a_file_from_the_future_does_not_stay_until_then(tmp_path):
    ahead = tmp_path / "ahead"
    ahead.write_text("x")
    os.utime(ahead, (time.time() + 1500 * 86_400,) * 2)
    assert [remove_leftovers(tmp_path, keep=set()) for _ in range(2)] == [0, 1]
