"""Downloads against a server on loopback: resume, cut connections, changed files, refusals."""

from __future__ import annotations

import hashlib
import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from insight_dagster.analysis.model.pretrained_weights import (
    check_recorded,
    fetch,
    record,
    record_if_missing,
)
from insight_dagster.errors import ModelError, WeightsUnavailableError

CONTENT = b"PK\x03\x04" + bytes(range(256)) * 12_000


@dataclass
class Shelf:
    """The content of the server, its behaviour, and the requests it received."""

    content: bytes = CONTENT
    tag: str | None = '"one"'
    cut_after: int | None = None
    ignores_if_range: bool = False
    status: int = 200
    ranges: list[str | None] = field(default_factory=list)


@pytest.fixture
def shelf():
    return Shelf()


@pytest.fixture
def address(shelf):
    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            shelf.ranges.append(self.headers.get("Range"))
            if shelf.status != 200:
                self.send_error(shelf.status)
                return
            start = self._start()
            if start and start >= len(shelf.content):
                self.send_error(416)
                return
            body = shelf.content[start:]
            self.send_response(206 if start else 200)
            if start:
                total = len(shelf.content)
                self.send_header("Content-Range", f"bytes {start}-{total - 1}/{total}")
            if shelf.tag:
                self.send_header("ETag", shelf.tag)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body if shelf.cut_after is None else body[: shelf.cut_after])

        def _start(self):
            asked = self.headers.get("Range")
            same = shelf.ignores_if_range or self.headers.get("If-Range") == shelf.tag
            return int(asked[len("bytes=") : -1]) if asked and same else 0

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/zoo/X3D_T.pyth"
    server.shutdown()
    server.server_close()
    thread.join()


def cut(shelf, address, folder, after):
    shelf.cut_after = after
    with pytest.raises(WeightsUnavailableError):
        fetch(address, folder)
    shelf.cut_after = None


def leftovers(folder):
    return sorted(p.name for p in folder.iterdir() if not p.name.endswith(".lock"))


def test_fetches_once_and_records_the_hash(shelf, address, tmp_path):
    folder = tmp_path / "deep" / "weights"
    path = fetch(address, folder)
    assert path == folder / "X3D_T.pyth" and path.read_bytes() == CONTENT
    recorded = (folder / "X3D_T.pyth.sha256").read_text()
    assert recorded == f"{hashlib.sha256(CONTENT).hexdigest()}  X3D_T.pyth\n"
    assert leftovers(folder) == ["X3D_T.pyth", "X3D_T.pyth.sha256"]
    fetch(address, folder)
    assert len(shelf.ranges) == 1


def test_progress_ends_at_the_total(address, tmp_path):
    calls = []
    fetch(address, tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert calls[-1] == (len(CONTENT), len(CONTENT)) and len(calls) >= 3
    assert [done for done, _ in calls] == sorted(done for done, _ in calls)


def test_an_interrupted_download_is_resumed(shelf, address, tmp_path):
    cut(shelf, address, tmp_path, 1_000_000)
    calls = []
    path = fetch(address, tmp_path, progress=lambda done, total: calls.append((done, total)))
    assert shelf.ranges == [None, "bytes=1000000-"]
    assert path.read_bytes() == CONTENT
    assert min(done for done, _ in calls) > 1_000_000 and calls[-1] == (len(CONTENT),) * 2


def test_an_interrupted_download_publishes_nothing_and_counts_its_bytes(shelf, address, tmp_path):
    shelf.cut_after = 5000
    with pytest.raises(WeightsUnavailableError) as caught:
        fetch(address, tmp_path)
    assert f"5000 of {len(CONTENT)} bytes" in str(caught.value)
    assert not (tmp_path / "X3D_T.pyth").exists()


def test_a_file_that_changed_meanwhile_is_downloaded_again(shelf, address, tmp_path):
    cut(shelf, address, tmp_path, 1_000_000)
    shelf.content, shelf.tag = b"PK\x03\x04" + b"new" * 500_000, '"two"'
    assert fetch(address, tmp_path).read_bytes() == shelf.content


def test_a_server_that_ignores_if_range_cannot_mix_two_versions(shelf, address, tmp_path):
    cut(shelf, address, tmp_path, 1_000_000)
    shelf.content, shelf.tag, shelf.ignores_if_range = b"PK\x03\x04" + b"n" * 2_000_000, '"2"', True
    with pytest.raises(WeightsUnavailableError, match="another version"):
        fetch(address, tmp_path)
    assert fetch(address, tmp_path).read_bytes() == shelf.content


def test_without_a_version_nothing_is_resumed(shelf, address, tmp_path):
    shelf.tag = None
    cut(shelf, address, tmp_path, 1_000_000)
    assert fetch(address, tmp_path).read_bytes() == CONTENT
    assert shelf.ranges == [None, None]


def test_a_complete_part_of_a_killed_process_is_replaced(shelf, address, tmp_path):
    (tmp_path / "X3D_T.pyth.part").write_bytes(CONTENT)
    (tmp_path / "X3D_T.pyth.part.version").write_text('"one"')
    assert fetch(address, tmp_path).read_bytes() == CONTENT
    assert shelf.ranges == [f"bytes={len(CONTENT)}-", None]


def test_404_names_address_file_and_folder(shelf, address, tmp_path):
    shelf.status = 404
    with pytest.raises(WeightsUnavailableError) as caught:
        fetch(address, tmp_path)
    message = str(caught.value)
    assert all(part in message for part in (address, "X3D_T.pyth", str(tmp_path), "HTTP 404"))
    assert leftovers(tmp_path) == []


def test_no_server_names_address_file_and_folder(tmp_path):
    address = "http://127.0.0.1:9/zoo/X3D_T.pyth"
    with pytest.raises(WeightsUnavailableError) as caught:
        fetch(address, tmp_path)
    assert all(part in str(caught.value) for part in (address, "X3D_T.pyth", str(tmp_path)))


def test_a_login_page_is_not_kept_as_weights(shelf, address, tmp_path):
    shelf.content = b"<html>please log in</html>"
    with pytest.raises(WeightsUnavailableError, match="did not send a checkpoint"):
        fetch(address, tmp_path)
    assert leftovers(tmp_path) == []


def test_a_file_copied_by_hand_needs_no_server(tmp_path):
    (tmp_path / "X3D_T.pyth").write_bytes(CONTENT)
    assert fetch("http://127.0.0.1:9/X3D_T.pyth", tmp_path) == tmp_path / "X3D_T.pyth"


def test_a_folder_that_cannot_be_created_is_one_clear_error(address, tmp_path):
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(WeightsUnavailableError, match="taken"):
        fetch(address, tmp_path / "taken")


def test_processes_that_need_the_same_file_download_it_once(shelf, address, tmp_path):
    threads = [threading.Thread(target=fetch, args=(address, tmp_path)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(shelf.ranges) == 1 and (tmp_path / "X3D_T.pyth").read_bytes() == CONTENT


def test_other_schemes_are_refused(tmp_path):
    with pytest.raises(ValueError, match="http"):
        fetch("file:///etc/hostname", tmp_path)


def test_a_changed_file_is_refused_with_both_hashes(tmp_path):
    path = tmp_path / "w.pt"
    path.write_bytes(b"one")
    before, after = (hashlib.sha256(content).hexdigest() for content in (b"one", b"two"))
    record(path, before)
    check_recorded(path, before)
    with pytest.raises(ModelError) as caught:
        check_recorded(path, after)
    assert before in str(caught.value) and after in str(caught.value)


def test_a_record_without_a_hash_is_refused(tmp_path):
    path = tmp_path / "w.pt"
    (tmp_path / "w.pt.sha256").write_text("what?")
    with pytest.raises(ModelError, match="no SHA-256"):
        check_recorded(path, "0" * 64)


def test_record_if_missing_keeps_what_is_recorded(tmp_path):
    path = tmp_path / "w.pt"
    path.write_bytes(b"one")
    record_if_missing(path)
    first = (tmp_path / "w.pt.sha256").read_text()
    path.write_bytes(b"two")
    record_if_missing(path)
    assert (tmp_path / "w.pt.sha256").read_text() == first
