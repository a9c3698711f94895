"""Videos outside the library are not exported."""

from insight_dagster.export.fiftyone.videos import Videos


def test_a_video_behind_a_link_that_leads_out_is_left_out(tmp_path):
    library = tmp_path / "library"
    library.mkdir()
    (tmp_path / "secret").write_text("secret")
    (library / "a.mp4").symlink_to(tmp_path / "secret")
    (library / "b.mp4").write_bytes(b"x")
    videos = Videos(library, None)
    assert [videos.holds(name) for name in ("a.mp4", "b.mp4", "../secret")] == [False, True, False]
