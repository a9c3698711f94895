"""`insight report --serve`: the site's files over HTTP, on loopback, and nothing else."""

import socket
import subprocess
import sys
import threading
import urllib.error
import urllib.request

import pytest

from insight_dagster.commands.run.serve_report import report_server
from insight_dagster.errors import SettingsError
from insight_dagster.resources.home_folders import HomeFoldersResource
from tests.support.dagster_server import wait_for


@pytest.fixture
def address(tmp_path):
    site = tmp_path / "report"
    (site / "runs").mkdir(parents=True)
    (site / "index.html").write_text("<p>page</p>")
    (tmp_path / "secret").write_text("secret")
    with report_server(site, port=0) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def test_files_are_served_and_what_lies_outside_is_not(address):
    with urllib.request.urlopen(f"{address}/") as answer:
        assert answer.read() == b"<p>page</p>"
        assert answer.headers["Cache-Control"] == "no-cache"
    for path in ("runs/", "../secret", "%2e%2e/secret", "none"):
        with pytest.raises(urllib.error.HTTPError, match="404"):
            urllib.request.urlopen(f"{address}/{path}")


def test_other_sites_cannot_read_it(address):
    """The data are scripts: any page could load them, by address or by a name of its own."""
    with urllib.request.urlopen(f"{address}/") as answer:
        assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    named = urllib.request.Request(f"{address}/", headers={"Host": "evil.example:3001"})
    with pytest.raises(urllib.error.HTTPError, match="403"):
        urllib.request.urlopen(named)
    local = urllib.request.Request(f"{address}/", headers={"Host": "localhost:3001"})
    assert urllib.request.urlopen(local).status == 200


def test_a_taken_port_is_a_clear_error(address, tmp_path):
    port = int(address.rsplit(":", 1)[1])
    with pytest.raises(SettingsError, match=f"port {port} cannot be used.*--port"):
        report_server(tmp_path, port=port)


def test_a_server_beside_another_process_ends_with_it(tmp_path):
    (tmp_path / "index.html").write_text("<p>beside</p>")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    code = (
        "import sys, pathlib\n"
        "from insight_dagster.commands.run.serve_report import serve_beside\n"
        "print(serve_beside(pathlib.Path(sys.argv[1]), port=int(sys.argv[2])), flush=True)\n"
        "sys.stdin.read()"
    )
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path), str(port)], **pipes)
    address = parent.stdout.readline().strip()
    assert address == f"http://127.0.0.1:{port}"
    assert wait_for(lambda: fetched(address), 30, "the server") == b"<p>beside</p>"
    parent.kill()
    parent.wait()
    wait_for(lambda: fetched(address) is None, 30, "its end")


def fetched(address):
    try:
        with urllib.request.urlopen(address, timeout=5) as answer:
            return answer.read()
    except OSError:
        return None


def test_links_lead_to_where_the_report_is_served(tmp_path):
    folder = HomeFoldersResource(home=str(tmp_path))
    link = folder.page("insights", class_name="a/b & c")
    assert link == "http://127.0.0.1:3001/#/insights?class_name=a%2Fb+%26+c"
    served = HomeFoldersResource(home=str(tmp_path), report_url="http://reports.example/x/")
    assert served.page() == "http://reports.example/x/"
    assert served.page("insight", "1") == "http://reports.example/x/#/insight/1"
