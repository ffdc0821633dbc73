"""The central scheduler: on 127.0.0.1 alone, with progress, messages, and a link to the report that opens."""

import json
import os
import pickle
import shutil
import signal
import socket
import stat
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
ARGUMENTS = (
    "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip


def free_port():
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


class Scheduler:
    """A running `nightsift scheduler` and the clients that go through it."""

    def __init__(self, project):
        self.project = project
        self.port, self.report_port = free_port(), free_port()
        self.environment = {"LUIGI_CONFIG_PATH": str(project.root / "luigi.cfg")}
        self.state = {"XDG_STATE_HOME": str(project.root / "state")}
        self.let_clients_ask(2)
        self.start()

    def let_clients_ask(self, times):
        """Let clients ask a silent scheduler so often, a second apart, whenever they have something to tell it."""
        impatient = f"[core]\nrpc_connect_timeout = 1\nrpc_retry_attempts = {times}\nrpc_retry_wait = 1\n"
        report = f"[nightsift]\nreport_url = http://127.0.0.1:{self.report_port}\n"
        Path(self.environment["LUIGI_CONFIG_PATH"]).write_text(impatient + report)

    def start(self):
        """Start the daemon and wait until it answers."""
        ports = ("--port", self.port, "--report-port", self.report_port)
        self.process = self.project.start("nightsift", "scheduler", *ports, environment=self.state)
        for _ in range(300):
            try:
                self.tasks("DONE")
                return
            except (urllib.error.URLError, ConnectionError):
                assert self.process.poll() is None, self.process.communicate()[0]
                time.sleep(0.1)
        raise TimeoutError("the scheduler does not answer")

    def tasks(self, status):
        """Return the tasks of a status, by name, as the page gets them."""
        data = urllib.parse.quote(json.dumps({"status": status, "upstream_status": ""}))
        with urllib.request.urlopen(f"http://127.0.0.1:{self.port}/api/task_list?data={data}", timeout=10) as answer:
            return {entry["name"]: entry for entry in json.load(answer)["response"].values()}

    def client(self, task, *arguments):
        """Start a task that goes through the scheduler."""
        place = ("--scheduler-host", "127.0.0.1", "--scheduler-port", self.port)
        return self.project.start("luigi", "--module", "tasks", task, *arguments, *place, environment=self.environment)

    def kill(self):
        """Let the scheduler die at once, with all that it knew."""
        family = psutil.Process(self.process.pid).children(recursive=True)
        for one in (*family, self.process):
            one.kill()
        self.process.communicate(timeout=30)

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        return self.process.communicate(timeout=30)[0]


@pytest.fixture
def scheduler(project):
    running = Scheduler(project)
    yield running
    if running.process.poll() is None:
        running.stop()


def watched(scheduler, client):
    """Return how far each running task was seen to be, in percent with its message, and the client's end."""
    seen = {}
    while client.poll() is None:
        for name, entry in scheduler.tasks("RUNNING").items():
            seen.setdefault(name, {})[entry["progress_percentage"]] = entry["status_message"]
        time.sleep(0.1)
    return seen, client.communicate()[0]


def test_it_listens_on_this_machine_alone_and_stops_when_told(scheduler):
    family = [psutil.Process(scheduler.process.pid), *psutil.Process(scheduler.process.pid).children(recursive=True)]
    listening = [entry.laddr for one in family for entry in one.net_connections() if entry.status == psutil.CONN_LISTEN]
    assert {entry.port for entry in listening} == {scheduler.port, scheduler.report_port}
    assert {entry.ip for entry in listening} == {"127.0.0.1"}
    assert "Traceback" not in scheduler.stop()
    assert scheduler.process.returncode == 0
    assert not any(one.is_running() and one.status() != psutil.STATUS_ZOMBIE for one in family)


def test_a_list_in_the_results_folder_is_not_loaded_and_the_list_of_the_user_is(scheduler):
    class Trap:
        def __reduce__(self):
            return os.mkdir, (str(scheduler.project.root / "trapped"),)

    assert scheduler.stop() is not None
    (scheduler.project.data / ".scheduler-state.pickle").write_bytes(pickle.dumps(Trap()))
    scheduler.start()
    scheduler.stop()
    assert not (scheduler.project.root / "trapped").exists()
    (kept,) = (scheduler.project.root / "state" / "nightsift").iterdir()
    assert stat.S_IMODE(kept.stat().st_mode) == 0o600


def test_a_list_that_others_may_write_stops_the_scheduler_in_one_line(scheduler):
    scheduler.stop()
    (kept,) = (scheduler.project.root / "state" / "nightsift").iterdir()
    kept.chmod(0o666)
    ports = ("--port", free_port(), "--report-port", free_port())
    refused = scheduler.project.start("nightsift", "scheduler", *ports, environment=scheduler.state)
    output, _ = refused.communicate(timeout=60)
    assert refused.returncode != 0
    assert "SettingsError" in output or "allowed: a plain file of your own" in output
    assert "Traceback" not in output
    kept.unlink()


def test_a_long_task_shows_how_far_it_is(scheduler):
    scheduler.project.forget("MakeSyntheticSurvey")
    first = scheduler.client("MakeSyntheticSurvey", "--survey", "tiny")
    seen, output = watched(scheduler, first)
    assert first.returncode == 0, output
    percentages = [percent for percent in seen["MakeSyntheticSurvey"] if percent is not None]
    assert len(percentages) >= 2
    assert percentages == sorted(percentages)
    done = scheduler.tasks("DONE")["MakeSyntheticSurvey"]
    assert (done["progress_percentage"], done["status_message"]) == (100, "exposure 4 of 4")


@pytest.fixture
def running(scheduler):
    """A client that makes the survey and does not answer the scheduler meanwhile."""
    scheduler.project.forget("MakeSyntheticSurvey")
    client = scheduler.client("MakeSyntheticSurvey", "--survey", "tiny")
    while "MakeSyntheticSurvey" not in scheduler.tasks("RUNNING"):
        assert client.poll() is None, client.communicate()[0]
        time.sleep(0.05)
    os.kill(client.pid, signal.SIGSTOP)
    yield client
    if client.poll() is None:
        os.killpg(client.pid, signal.SIGKILL)
    client.communicate()


def test_a_task_that_another_client_runs_is_already_running_for_who_shall_not_wait(scheduler, running):
    second = scheduler.client("MakeSyntheticSurvey", "--survey", "tiny", "--no-wait")
    output, _ = second.communicate(timeout=60)
    assert second.returncode == 10, output


def test_a_task_that_another_client_runs_is_waited_for(scheduler, running):
    second = scheduler.client("MakeSyntheticSurvey", "--survey", "tiny")
    said = next(line for line in second.stdout if "waits for" in line)
    os.kill(running.pid, signal.SIGCONT)
    first_output, _ = running.communicate(timeout=120)
    output, _ = second.communicate(timeout=120)
    assert "MakeSyntheticSurvey waits for Worker(" in said
    assert f"pid={running.pid}" in said
    assert (running.returncode, second.returncode) == (0, 0), output
    assert "MakeSyntheticSurvey took" in first_output
    assert "MakeSyntheticSurvey took" not in output


def test_a_client_whose_scheduler_is_killed_says_so_in_one_line_and_may_run_again(scheduler, running):
    scheduler.kill()
    os.kill(running.pid, signal.SIGCONT)
    output, _ = running.communicate(timeout=120)
    assert running.returncode == 25, output
    assert "Traceback" not in output
    (said,) = [line for line in output.splitlines() if line.startswith("ERROR")]
    assert "the scheduler is lost" in said
    assert scheduler.project.results("MakeSyntheticSurvey")


def test_a_killed_scheduler_forgets_its_clients_whose_next_run_ends_the_work(scheduler):
    project = scheduler.project
    project.forget("MakeSyntheticSurvey", "FreezeInputs", "FetchCutouts")
    scheduler.let_clients_ask(20)
    client = scheduler.client("FetchCutouts", *project.report[:4])
    while "MakeSyntheticSurvey" not in scheduler.tasks("RUNNING"):
        assert client.poll() is None, client.communicate()[0]
        time.sleep(0.05)
    scheduler.kill()
    scheduler.start()
    output, _ = client.communicate(timeout=120)
    assert client.returncode == 25, output
    again = scheduler.client("FetchCutouts", *project.report[:4])
    output, _ = again.communicate(timeout=120)
    assert again.returncode == 0, output


def test_without_a_scheduler_one_line_says_so_at_once(project):
    place = ("--scheduler-host", "127.0.0.1", "--scheduler-port", free_port())
    finished = project.run("luigi", "--module", "tasks", "PlotResults", *project.report, *place)
    assert finished.code == 25
    assert finished.line("no scheduler answers").endswith("`make scheduler`, or --local-scheduler does without")
    assert "Retrying" not in finished.output


def test_what_answers_in_the_place_of_a_scheduler_and_is_none_is_refused(project):
    with ThreadingHTTPServer(("127.0.0.1", 0), BaseHTTPRequestHandler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        place = ("--scheduler-url", f"http://127.0.0.1:{other.server_port}")
        finished = project.run("luigi", "--module", "tasks", "PlotResults", *project.report, *place)
        other.shutdown()
    assert finished.code == 25
    assert finished.line("no scheduler answers")


@pytest.mark.parametrize("option", ["--port", "--report-port"])
def test_a_port_that_is_taken_is_one_line(project, option):
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        ports = {"--port": free_port(), "--report-port": free_port(), option: taken.getsockname()[1]}
        finished = project.run("nightsift", "scheduler", *(word for pair in ports.items() for word in pair))
    assert finished.code == 1
    said = finished.line("SettingsError")
    assert f"port {ports[option]}" in said
    assert f"give another with {option}" in said


@pytest.fixture
def browser_page(scheduler):
    """A page of a real browser that may reach this machine alone."""
    if CHROMIUM is None:
        pytest.skip("no Chromium: apt-get install chromium")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as browsers:
        browser = browsers.chromium.launch(executable_path=CHROMIUM, headless=True, args=list(ARGUMENTS))
        context = browser.new_context(viewport={"width": 1400, "height": 1000})
        context.route(lambda url: urllib.parse.urlparse(url).hostname != "127.0.0.1", lambda route: route.abort())
        opened = context.new_page()
        opened.set_default_timeout(30_000)
        yield opened
        browser.close()


def screenshot(page, name):
    """Keep a picture of the page where NIGHTSIFT_SCREENSHOTS says, if it does."""
    folder = os.environ.get("NIGHTSIFT_SCREENSHOTS")
    if folder:
        page.screenshot(path=Path(folder) / f"{name}.png", full_page=True)


def test_the_page_shows_the_tasks_and_leads_to_the_report(scheduler, browser_page):
    scheduler.project.forget("PlotResults")
    client = scheduler.client("PlotResults", *scheduler.project.report)
    seen, output = watched(scheduler, client)
    assert client.returncode == 0, output
    assert any(message for message in seen["PlotResults"].values())

    browser_page.goto(f"http://127.0.0.1:{scheduler.port}/static/visualiser/index.html")
    row = browser_page.locator("#taskTable tbody tr", has_text="PlotResults")
    row.wait_for()
    assert row.locator("td").first.inner_text().strip() == "DONE"
    assert browser_page.locator("#taskTable tbody tr").count() >= 3
    text = browser_page.locator("#taskTable").inner_text()
    assert "night=2026-01-02" in text
    screenshot(browser_page, "tasks")

    row.locator("button.statusMessage").click()
    browser_page.locator("#statusMessageModal").wait_for(state="visible")
    browser_page.wait_for_function("document.querySelector('#statusMessageModal').innerText.includes('figures')")
    screenshot(browser_page, "message")
    browser_page.locator("#statusMessageModal button", has_text="Close").first.click()
    browser_page.locator("#statusMessageModal").wait_for(state="hidden")

    with browser_page.context.expect_page() as opening:
        row.locator("a[target=_blank]").click()
    report = opening.value
    report.wait_for_load_state("load")
    assert report.url.startswith(f"http://127.0.0.1:{scheduler.report_port}/tiny/r1/")
    assert "tiny" in report.title()
    for image in report.locator("img").all():
        image.scroll_into_view_if_needed()
    report.evaluate("Promise.all([...document.images].map(image => image.decode()))")  # the page allows no eval to poll
    widths = report.evaluate("[...document.images].map(image => image.naturalWidth)")
    assert len(widths) >= 8
    assert min(widths) > 100
    screenshot(report, "report")


def test_a_secret_of_the_environment_reaches_neither_page_nor_log_nor_result(project):
    project.forget("Infer")
    secret = "correct-horse-battery"
    finished = project.luigi("Infer", *project.report[:4], environment={"NIGHTSIFT_DATABASE_PASSWORD": secret})
    assert finished.code == 0
    assert secret not in finished.output
    assert not [path for path in project.data.rglob("*") if path.is_file() and secret.encode() in path.read_bytes()]
