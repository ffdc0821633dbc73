"""The page server answers browsers of this machine with the reports, and nobody with anything else."""

import http.client
import json
import os
import shutil
import socket
import threading
from contextlib import contextmanager

import pytest

from commands.report_server import KINDS, report_server

REPORT = "ztf/r1/2026-01-01/PlotResults-net-0123456789ab"
SECRET = b"correct-horse-battery"


@pytest.fixture
def results_folder(tmp_path):
    """A results folder with one whole report, and much that is nobody's business beside it."""
    folder = tmp_path / "data"
    report = folder / REPORT
    (report / "figures").mkdir(parents=True)
    (report / "index.html").write_text("<title>the report</title>")
    (report / "metrics.json").write_text("{}")
    (report / "figures" / "roc.png").write_bytes(b"png")
    files = {name: {"size": (report / name).stat().st_size} for name in ("index.html", "metrics.json")}
    (report / "manifest.json").write_text(json.dumps({"files": files}))
    outside = tmp_path / "outside"
    outside.mkdir()
    for secret in (
        ".env", "secret.json", ".labels.sqlite", "survey.sqlite", "ztf/secret.html", "ztf/r1/2026-01-01/scores.csv",
        f"{REPORT}/.hidden.html", f"{REPORT}/weights.pickle", f"{REPORT}/notes", f"{REPORT}/.git/index.html",
        "../secret.html", "../outside/index.html", ".hidden/r1/2026/PlotResults-x/index.html",
        "ztf/r1/2026-01-02/PlotResults-unfinished/index.html",
    ):  # fmt: skip
        path = folder / secret
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(SECRET)
    (report / "linked.html").symlink_to(tmp_path / "secret.html")
    (report / "linked").symlink_to(outside)
    (folder / "linked").symlink_to(folder / "ztf")
    os.mkfifo(report / "pipe.html")
    return folder


@contextmanager
def serving(data):
    """Run a server of a folder within the block."""
    server = report_server(data, 0)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield server
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture
def served(results_folder):
    """Where a server listens."""
    with serving(results_folder) as server:
        yield server.server_address


@pytest.fixture
def send_request(served):
    """Return what sends a request as it is given to a running server, and returns status, headers and content."""
    port = served[1]

    def send(target, method="GET", **headers):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
        client.putrequest(method, target, skip_host=True)
        for name, value in ({"Host": f"127.0.0.1:{port}"} | headers).items():
            client.putheader(name.replace("_", "-"), value)
        client.endheaders()
        answer = client.getresponse()
        content = answer.read()
        client.close()
        return answer.status, dict(answer.getheaders()), content

    return send


def test_the_index_leads_to_whole_reports_alone(send_request):
    status, _, content = send_request("/")
    assert status == 200
    assert content.count(b"href=") == 1
    assert f'href="/{REPORT}/index.html"'.encode() in content


@pytest.mark.parametrize("task", ["NightReport", "CompareModels", "ExplainScores"])
def test_the_folders_of_other_tasks_with_a_page_are_reports_too(results_folder, send_request, task):
    folder = results_folder / REPORT.replace("PlotResults", task)
    shutil.copytree(results_folder / REPORT, folder, ignore=shutil.ignore_patterns("pipe.html", "linked*"))
    place = folder.relative_to(results_folder).as_posix()
    assert f'href="/{place}/index.html"'.encode() in send_request("/")[2]
    assert send_request(f"/{place}/index.html")[0] == 200
    assert send_request(f"/{place}/weights.pickle")[0] == 404
    assert send_request(f"/{place.replace(task, 'FilterCandidates')}/index.html")[0] == 404


@pytest.mark.parametrize(
    ("name", "kind"), [("index.html", ".html"), ("metrics.json", ".json"), ("figures/roc.png", ".png")]
)
def test_a_report_and_its_files_are_served_as_what_they_are(send_request, name, kind):
    status, headers, content = send_request(f"/{REPORT}/{name}?x=1")
    assert (status, headers["Content-Type"]) == (200, KINDS[kind])
    assert content


def test_the_folder_of_a_report_leads_to_its_page(send_request):
    status, headers, _ = send_request(f"/{REPORT}/")
    assert (status, headers["Location"]) == (302, f"/{REPORT}/index.html")


@pytest.mark.parametrize(
    "target",
    [
        "/.env", "/secret.json", "/.labels.sqlite", "/survey.sqlite", "/ztf/", "/ztf/secret.html",
        "/ztf/r1/2026-01-01/scores.csv", f"/{REPORT}/.hidden.html", f"/{REPORT}/%2ehidden.html",
        f"/{REPORT}/weights.pickle", f"/{REPORT}/notes", f"/{REPORT}/.git/index.html", f"/{REPORT}/figures/",
        f"/{REPORT}/../../../../../secret.html", f"/{REPORT}/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/secret.html",
        f"/{REPORT}/..%2f..%2f..%2f..%2f..%2fsecret.html", f"/{REPORT}/..%5c..%5csecret.html",
        f"/{REPORT}/%252e%252e/secret.html", f"/{REPORT}/linked.html", f"/{REPORT}/linked/index.html",
        "/linked/r1/2026-01-01/PlotResults-net-0123456789ab/index.html",
        f"/{REPORT}//index.html", f"/{REPORT}/index.html%00.png", f"/{REPORT}/figures%2froc.png",
        f"/{REPORT}/pipe.html", "/.hidden/r1/2026/PlotResults-x/index.html", "/etc/passwd", "//etc/passwd",
        "/ztf/r1/2026-01-02/PlotResults-unfinished/index.html", "http://127.0.0.1/secret.json", "*", "secret.json",
        f"/{REPORT}/absent.png",
    ],
)  # fmt: skip
def test_nothing_else_is_served(send_request, target):
    status, _, content = send_request(target)
    assert status == 404
    assert SECRET not in content


@pytest.mark.parametrize(
    "host", ["evil.example", "evil.example:8083", "127.0.0.1.evil.example", "192.168.0.1", "[::2]", "]", ""]
)
def test_another_name_of_the_host_is_refused(send_request, host):
    status, _, content = send_request(f"/{REPORT}/index.html", Host=host)
    assert status == 403
    assert b"the report" not in content


@pytest.mark.parametrize("host", ["127.0.0.1:8083", "localhost", "localhost:9", "[::1]:8083"])
def test_this_machine_may_be_called_what_it_is(send_request, host):
    assert send_request("/", Host=host)[0] == 200


@pytest.mark.parametrize(
    ("header", "value", "expected"),
    [
        ("Origin", "http://evil.example", 403),
        ("Origin", "null", 403),
        ("Origin", "http://127.0.0.1:8082", 200),
        ("Sec_Fetch_Site", "cross-site", 403),
        ("Sec_Fetch_Site", "same-site", 200),
        ("Sec_Fetch_Site", "same-origin", 200),
        ("Sec_Fetch_Site", "none", 200),
    ],
)
def test_pages_of_other_sites_are_refused(send_request, header, value, expected):
    assert send_request(f"/{REPORT}/index.html", **{header: value})[0] == expected


@pytest.mark.parametrize("target", ["/", f"/{REPORT}/index.html", "/.env"])
def test_no_answer_may_be_framed_guessed_at_or_run(send_request, target):
    _, headers, _ = send_request(target)
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["X-Frame-Options"] == "DENY"
    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "script-src" not in policy
    assert "Python" not in headers["Server"]


@pytest.mark.parametrize("method", ["POST", "PUT", "DELETE", "OPTIONS"])
def test_nothing_can_be_sent(send_request, method):
    assert send_request("/", method=method)[0] == 501


@pytest.mark.parametrize(
    ("request_line", "status"),
    [(b"GET /" + b"x" * 70_000 + b" HTTP/1.0", 414), (b"<script> / HTTP/1.0", 501), (b"GET / HTTP/1.x", 400)],
)
def test_a_request_that_is_none_is_refused_as_text(served, request_line, status):
    with socket.create_connection(served, timeout=10) as client:
        client.sendall(request_line + b"\r\n\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert str(status).encode() in answer
    assert b"<" not in answer


def test_a_refusal_of_what_is_no_request_may_not_be_framed_or_guessed_at(served):
    with socket.create_connection(served, timeout=10) as client:
        client.sendall(b"GET / HTTP/1.0\r\n" + b"a: b\r\n" * 200 + b"\r\n")
        answer = b"".join(iter(lambda: client.recv(65536), b""))
    assert answer.startswith(b"HTTP/1.0 431 ")
    assert b"default-src 'none'" in answer


def test_a_browser_that_leaves_is_not_told(results_folder, capfd, caplog):
    with serving(results_folder) as server, socket.create_connection(server.server_address, timeout=10) as client:
        try:
            raise ConnectionResetError(104, "Connection reset by peer")
        except ConnectionResetError:
            server.handle_error(client, server.server_address)
    assert capfd.readouterr().err == ""
    assert caplog.messages == []


def test_another_error_of_a_request_is_told_in_one_line(results_folder, capfd, caplog, monkeypatch):
    monkeypatch.setenv("NIGHTSIFT_DATA", str(results_folder))
    with serving(results_folder) as server:
        try:
            raise KeyError("x")
        except KeyError:
            server.handle_error(None, server.server_address)
    assert capfd.readouterr().err == ""
    assert [line.partition(" (")[0] for line in caplog.messages] == ["page server: KeyError: 'x'"]


def test_a_head_has_no_content(send_request):
    status, headers, content = send_request(f"/{REPORT}/index.html", method="HEAD")
    assert (status, content) == (200, b"")
    assert int(headers["Content-Length"]) > 0


def test_names_are_shown_as_text(send_request, results_folder):
    odd = results_folder / "ztf" / "r1" / "<b>&" / "PlotResults-<i>\u202e"
    odd.mkdir(parents=True)
    (odd / "index.html").write_text("x")
    (odd / "manifest.json").write_text(json.dumps({"files": {"index.html": {"size": 1}}}))
    _, _, content = send_request("/")
    assert b"<b>" not in content
    assert b"&lt;b&gt;&amp;" in content
    assert "\u202e".encode() not in content
    assert send_request("/ztf/r1/%3Cb%3E%26/PlotResults-%3Ci%3E%E2%80%AE/index.html")[0] == 200
