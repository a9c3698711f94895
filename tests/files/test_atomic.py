"""Atomic writing: the old or the new file, never a part of it, and no drafts left."""

import pytest

from insight_dagster.files.atomic import draft_folder, publish_folder, write_atomically


def test_a_file_is_replaced_or_left_as_it_was(tmp_path):
    path = tmp_path / "new" / "file.txt"
    write_atomically(path, lambda draft: draft.write_text("first"))
    write_atomically(path, lambda draft: draft.write_text("second"))
    assert path.read_text() == "second"

    def half(draft):
        draft.write_text("half")
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        write_atomically(path, half)
    assert path.read_text() == "second"
    assert list(path.parent.iterdir()) == [path]


def test_the_folder_of_a_file_is_made_unless_that_is_not_wanted(tmp_path):
    path = tmp_path / "missing" / "file.txt"
    with pytest.raises(FileNotFoundError):
        write_atomically(path, lambda draft: draft.write_text("text"), make_parent=False)
    assert not path.parent.exists()


def test_a_folder_is_replaced_or_left_as_it_was(tmp_path):
    folder = tmp_path / "new" / "folder"
    for text in ("first", "second"):
        with draft_folder(folder) as draft:
            (draft / text).write_text(text)
            publish_folder(draft, folder)
    assert [path.name for path in folder.iterdir()] == ["second"]
    with pytest.raises(OSError, match="disk full"), draft_folder(folder) as draft:
        (draft / "half").write_text("half")
        raise OSError("disk full")
    assert [path.name for path in folder.iterdir()] == ["second"]
    assert list(folder.parent.iterdir()) == [folder]
