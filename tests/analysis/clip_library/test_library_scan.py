from __future__ import annotations

import os
from pathlib import Path

import pytest

from insight_dagster.analysis.clip_library import ClipSource, ScannedLibrary, scan
from insight_dagster.errors import LibraryError, UnknownClassError


def put(root: Path, *names: str) -> Path:
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(name.encode())
    return root


def found(library: ScannedLibrary) -> list[tuple[str, str, str]]:
    return [(source.class_name, source.split, source.relative_path) for source in library.sources]


def missing(library: ScannedLibrary) -> dict[str, str]:
    return {
        source.relative_path: source.problem.reason for source in library.sources if source.problem
    }


def test_a_folder_for_each_class(tmp_path: Path) -> None:
    put(tmp_path, "rock climbing/b.mp4", "rock climbing/a.avi", "abseiling/c.mkv", "notes.md")
    put(tmp_path, "rock climbing/.DS_Store", ".git/config", "abseiling/more/d.mp4")
    library = scan(tmp_path)
    assert library.layout == "class/clip"
    assert library.classes == ("abseiling", "rock climbing")
    assert found(library) == [
        ("abseiling", "", "abseiling/c.mkv"),
        ("abseiling", "", "abseiling/more/d.mp4"),
        ("rock climbing", "", "rock climbing/a.avi"),
        ("rock climbing", "", "rock climbing/b.mp4"),
    ]
    assert library.sources[0] == ClipSource(
        tmp_path / "abseiling/c.mkv", "abseiling/c.mkv", "abseiling", "", 0.0, None, None
    )


def test_split_folders_hold_class_folders(tmp_path: Path) -> None:
    put(tmp_path, "train/yoga/a.mp4", "validation/yoga/b.mp4", "test/surfing/c.mp4", "truth.csv")
    library = scan(tmp_path)
    assert library.layout == "split/class/clip"
    assert found(library) == [
        ("surfing", "test", "test/surfing/c.mp4"),
        ("yoga", "train", "train/yoga/a.mp4"),
        ("yoga", "val", "validation/yoga/b.mp4"),
    ]


def test_a_class_may_be_called_test(tmp_path: Path) -> None:
    put(tmp_path, "test/a.mp4", "yoga/b.mp4")
    assert scan(tmp_path).classes == ("test", "yoga")


def test_a_file_that_is_no_video_is_still_a_clip(tmp_path: Path) -> None:
    put(tmp_path, "yoga/a.mp4", "yoga/readme.txt")
    assert len(scan(tmp_path).of_class("yoga")) == 2


def test_kinetics_annotations_name_the_downloaded_segments(tmp_path: Path) -> None:
    put(tmp_path, "train/rock climbing/abc_000012_000022.mp4", "x-_y_000003_000013.mkv")
    put(tmp_path, "val/yoga/whole.mp4")
    (tmp_path / "kinetics.csv").write_text(
        "label,youtube_id,time_start,time_end,split,is_cc\n"
        "rock climbing,abc,12,22,train,0\n"
        '"yoga",x-_y,3,13,validate,0\n'
        "yoga,whole,5,15,val,0\n"
        "yoga,gone,1,11,test,0\n"
    )
    library = scan(tmp_path)
    assert library.layout == "annotations"
    assert [(s.class_name, s.split, s.relative_path, s.start, s.end) for s in library.sources] == [
        ("rock climbing", "train", "train/rock climbing/abc_000012_000022.mp4", 0.0, None),
        ("yoga", "test", "test/yoga/gone_000001_000011.mp4", 0.0, None),
        ("yoga", "val", "val/yoga/whole.mp4", 5.0, 15.0),
        ("yoga", "val", "x-_y_000003_000013.mkv", 0.0, None),
    ]
    assert missing(library) == {"test/yoga/gone_000001_000011.mp4": "the file is missing"}


def test_the_same_segment_in_two_splits_is_two_clips(tmp_path: Path) -> None:
    put(tmp_path, "train/yoga/a_000000_000010.mp4", "val/yoga/a_000000_000010.mp4")
    (tmp_path / "annotations.csv").write_text(
        "label,youtube_id,time_start,time_end,split\nyoga,a,0,10,val\nyoga,a,0,10,train\n"
    )
    assert found(scan(tmp_path)) == [
        ("yoga", "train", "train/yoga/a_000000_000010.mp4"),
        ("yoga", "val", "val/yoga/a_000000_000010.mp4"),
    ]


def test_the_file_name_gives_the_split_of_rows_without_one(tmp_path: Path) -> None:
    put(tmp_path, "a_000000_000010.mp4", "b_000000_000010.mp4")
    (tmp_path / "train.csv").write_text("label,youtube_id,time_start,time_end\nyoga,a,0,10\n")
    (tmp_path / "validate.csv").write_text("label,youtube_id,time_start,time_end\nyoga,b,0,10\n")
    assert [source.split for source in scan(tmp_path).sources] == ["train", "val"]


def test_a_path_column_describes_a_folder_library(tmp_path: Path) -> None:
    put(tmp_path, "train/yoga/a.mp4", "train/yoga/unlisted.mp4", "val/surfing/b.mp4")
    (tmp_path / "annotations.csv").write_text(
        "label,youtube_id,time_start,time_end,split,path\n"
        "yoga,a,0,3,train,train/yoga/a.mp4\n"
        "skiing,b,0,3,val,val/surfing/b.mp4\n"
        "yoga,c,0,3,train,train/yoga/gone.mp4\n"
    )
    library = scan(tmp_path)
    assert found(library) == [
        ("skiing", "val", "val/surfing/b.mp4"),
        ("yoga", "train", "train/yoga/a.mp4"),
        ("yoga", "train", "train/yoga/gone.mp4"),
        ("yoga", "train", "train/yoga/unlisted.mp4"),
    ]
    assert list(missing(library)) == ["train/yoga/gone.mp4"]


def test_path_label_lists(tmp_path: Path) -> None:
    put(tmp_path, "videos/a b.mp4", "videos/c.mp4", "videos/d.avi")
    (tmp_path / "labels.txt").write_text("abseiling\nplaying basketball\n")
    (tmp_path / "train.csv").write_text(
        'videos/a b.mp4 1\nvideos/c.mp4 0\n\n"videos/gone x.mp4" 0\n'
    )
    (tmp_path / "val.txt").write_text("videos/d.avi playing basketball\n")
    library = scan(tmp_path)
    assert library.layout == "path label lists"
    assert found(library) == [
        ("abseiling", "train", "videos/c.mp4"),
        ("abseiling", "train", "videos/gone x.mp4"),
        ("playing basketball", "train", "videos/a b.mp4"),
        ("playing basketball", "val", "videos/d.avi"),
    ]
    assert missing(library) == {"videos/gone x.mp4": "the file is missing"}


def test_numbers_need_a_label_list(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "train.txt").write_text("a.mp4 3\n")
    with pytest.raises(LibraryError, match=r"train\.txt, line 1: label 3 is an index.*labels\.txt"):
        scan(tmp_path)
    (tmp_path / "labels.txt").write_text("yoga\n")
    with pytest.raises(LibraryError, match="label 3 is not in the label list, which ends at 0"):
        scan(tmp_path)


@pytest.mark.parametrize("written", ["../secret.mp4", "/etc/passwd", "a/../../secret.mp4"])
def test_a_row_cannot_leave_the_library(written: str, tmp_path: Path) -> None:
    put(tmp_path, "secret.mp4", "lib/a.mp4")
    (tmp_path / "lib/annotations.csv").write_text(f"label,path\nyoga,{written}\nyoga,a.mp4\n")
    library = scan(tmp_path / "lib")
    assert list(missing(library).values()) == ["its path leaves the library"]
    assert len(library.sources) == 2


def test_an_absolute_path_inside_the_library_is_fine(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "train.txt").write_text(f"{tmp_path}/a.mp4 yoga\n")
    assert found(scan(tmp_path)) == [("yoga", "train", "a.mp4")]
    assert not missing(scan(tmp_path))


def test_links_out_of_the_library_are_refused(tmp_path: Path) -> None:
    put(tmp_path, "outside/secret.mp4", "lib/yoga/a.mp4")
    (tmp_path / "lib/yoga/inside.mp4").symlink_to(tmp_path / "lib/yoga/a.mp4")
    (tmp_path / "lib/yoga/out.mp4").symlink_to(tmp_path / "outside/secret.mp4")
    (tmp_path / "lib/yoga/dangling.mp4").symlink_to(tmp_path / "lib/nothing")
    assert missing(scan(tmp_path / "lib")) == {
        "yoga/dangling.mp4": "a broken link",
        "yoga/out.mp4": "a link that leaves the library",
    }
    (tmp_path / "lib/stolen").symlink_to(tmp_path / "outside")
    with pytest.raises(LibraryError, match="stolen is a link to a folder outside the library"):
        scan(tmp_path / "lib")


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    put(tmp_path, "yoga/a.mp4")
    os.mkfifo(tmp_path / "yoga/pipe.mp4")
    assert missing(scan(tmp_path)) == {"yoga/pipe.mp4": "not a regular file"}


def test_a_name_that_is_no_text_is_quarantined(tmp_path: Path) -> None:
    put(tmp_path, "yoga/a.mp4")
    Path(os.fsdecode(bytes(tmp_path / "yoga") + b"/\xff.mp4")).write_bytes(b"x")
    assert missing(scan(tmp_path)) == {
        "yoga/\\udcff.mp4": "its name is not valid text; rename the file"
    }


@pytest.mark.parametrize(
    ("name", "said"),
    [("", "empty"), ("a\nb", "control"), ("a/b", "'/'"), ("x" * 201, "201"), ("a...b", r"\.\.\.")],
)
def test_impossible_class_names_are_errors(name: str, said: str, tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "annotations.csv").write_text(f'label,path\n"{name}",a.mp4\n')
    with pytest.raises(LibraryError, match=f"annotations.csv, line .*{said}"):
        scan(tmp_path)


def test_a_folder_name_is_checked_too(tmp_path: Path) -> None:
    put(tmp_path, "yoga\n/a.mp4")
    with pytest.raises(LibraryError, match="class name"):
        scan(tmp_path)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("name,file\nyoga,a.mp4\n", "needs the columns"),
        ("", "needs the columns"),
        ("label,youtube_id,time_start,time_end\nyoga,a,soon,10\n", "time_start must be seconds"),
        ("label,youtube_id,time_start,time_end\nyoga,a,-3,10\n", "time_start must be seconds"),
    ],
)
def test_annotations_that_cannot_be_read(text: str, said: str, tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_text(text)
    with pytest.raises(LibraryError, match=said):
        scan(tmp_path)


def test_annotations_must_be_text(tmp_path: Path) -> None:
    (tmp_path / "annotations.csv").write_bytes(b"label,path\n\xff\xfe,a.mp4\n")
    with pytest.raises(LibraryError, match="UTF-8"):
        scan(tmp_path)


def test_an_empty_library(tmp_path: Path) -> None:
    with pytest.raises(LibraryError, match="is empty"):
        scan(tmp_path)
    with pytest.raises(LibraryError, match="does not exist"):
        scan(tmp_path / "absent")
    with pytest.raises(LibraryError, match="is not a folder"):
        scan(put(tmp_path, "file") / "file")


def test_the_root_is_one_folder_too_high(tmp_path: Path) -> None:
    put(tmp_path, "videos/yoga/a.mp4", "videos/surfing/b.mp4")
    with pytest.raises(LibraryError, match=r"use .*/videos .* as the library"):
        scan(tmp_path)


def test_splits_and_loose_videos_do_not_mix(tmp_path: Path) -> None:
    put(tmp_path, "train/yoga/a.mp4", "train/loose.mp4")
    with pytest.raises(LibraryError, match=r"loose\.mp4 is in no class folder"):
        scan(tmp_path)
    (tmp_path / "train/loose.mp4").unlink()
    put(tmp_path, "surfing/b.mp4")
    with pytest.raises(LibraryError, match="surfing holds videos but is not named like a split"):
        scan(tmp_path)


def test_an_unknown_class_is_named_with_the_known_ones(tmp_path: Path) -> None:
    library = scan(put(tmp_path, "yoga/a.mp4", "surfing/b.mp4"))
    assert [source.relative_path for source in library.of_class("yoga")] == ["yoga/a.mp4"]
    with pytest.raises(UnknownClassError, match="no class 'golf'; it has surfing, yoga"):
        library.of_class("golf")


def test_a_repeated_row_is_one_clip(tmp_path: Path) -> None:
    put(tmp_path, "a.mp4")
    (tmp_path / "annotations.csv").write_text("label,path\nyoga,a.mp4\nyoga,a.mp4\n")
    assert len(scan(tmp_path).sources) == 1


def test_a_note_that_mentions_a_clip_is_no_list(tmp_path):
    (tmp_path / "yoga").mkdir()
    (tmp_path / "yoga" / "a.mp4").touch()
    (tmp_path / "NOTES.txt").write_text("clip.mp4 was lost, see the others\n")
    assert scan(tmp_path).classes == ("yoga",)


def test_bytes_that_are_no_text_deep_in_an_annotation_file_are_named(tmp_path):
    rows = b"label,path\n" + b"yoga,a.mp4\n" * 20_000 + b"yoga,\xff.mp4\n"
    (tmp_path / "annotations.csv").write_bytes(rows)
    with pytest.raises(LibraryError, match=r"annotations\.csv cannot be read"):
        scan(tmp_path)
