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
    assert remove_leftovers(tmp_path / "files", keep={paths["kept"]}) == 2
    left = {path.name for path in (tmp_path / "files").rglob("*") if not path.is_dir()}
    assert left == {"kept", "young", "link"}
    assert outside.exists()
    assert remove_leftovers(tmp_path / "nothing", keep=set()) == 0
