"""Videos outside the library, and copies of other contents, are not exported."""

import hashlib

from insight_dagster.analysis.decoding import identify
from insight_dagster.export.fiftyone.videos import Videos


def test_a_video_behind_a_link_that_leads_out_is_left_out(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (tmp_path / "secret").write_text("secret")
    (library / "a.mp4").symlink_to(tmp_path / "secret")
    (library / "b.mp4").write_bytes(b"x")
    videos = Videos(library, None)
    names = ("a.mp4", "b.mp4", "../secret")
    assert [videos.holds(name, [lambda _: False]) for name in names] == [[False], [True], [False]]


def test_a_copy_is_what_was_listed(tmp_path):
    library, folder = tmp_path / "library", tmp_path / "dataset"
    library.mkdir()
    folder.mkdir()
    listed = {hashlib.sha256(name.encode()).hexdigest() for name in "ab"}
    (library / "a.mp4").write_text("a")
    (library / "b.mp4").write_text("another")
    videos = Videos(library, folder)
    is_listed = [listed.__contains__]
    assert [videos.holds(name, is_listed) for name in ("a.mp4", "b.mp4")] == [[True], [False]]
    assert [each.read_text() for each in (folder / "data").iterdir()] == ["a"]


def test_a_copy_stays_if_one_clip_of_the_file_was_listed_with_it(tmp_path, monkeypatch):
    library, folder = tmp_path / "library", tmp_path / "dataset"
    library.mkdir()
    folder.mkdir()
    (library / "a.mp4").write_text("a")
    sha256 = hashlib.sha256(b"a").hexdigest()
    hashed = []
    monkeypatch.setattr(
        "insight_dagster.export.fiftyone.videos.identify",
        lambda path: hashed.append(path) or identify(path),
    )
    now, before = sha256.__eq__, "0".__eq__
    videos = Videos(library, folder)
    assert videos.holds("a.mp4", [now, before, now, before]) == [True, False, True, False]
    assert [each.read_text() for each in (folder / "data").iterdir()] == ["a"]
    assert len(hashed) == 1
