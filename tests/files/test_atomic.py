"""Files that are written whole: old or new, never half, and nothing left beside them."""

import pytest

from insight_dagster.files.atomic import write_atomically


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
