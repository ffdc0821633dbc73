"""The eyeball page in a real browser: opened with 100,000 candidates, then judged while others judge as well."""

import http.client
import json
import os
import shutil
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import Any, Final

import numpy as np
import pandas as pd

from benchmarks.rows import Row
from pipeline.classes import UNLABELLED
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.schema import CANDIDATE_COLUMNS

COUNT: Final = 100_000
_PAGES, _SIDE, _EXCEPTIONS = 40, 5, 5
_OTHERS_EVERY_S: Final = 0.2
"""300 verdicts a minute."""
_BLOCK: Final = 5000


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Judge forty pages of 25 with five exceptions each."""
    cutouts, scores = _night(folder)
    with _server(cutouts, scores) as (address, started), _browser() as page:
        began = time.perf_counter()
        page.goto(f"http://{address}/")
        page.wait_for_selector(".cell")
        page.evaluate("Promise.all([...document.images].map(image => image.decode()))")
        opened = time.perf_counter() - began
        with _others(address):
            _judge(page)
        found = {name: _milliseconds(page, name) for name in ("next", "confirmed")}
        words = page.inner_text("#status")
    yield _row(
        f"{COUNT:,} candidates: from the address to the grid", opened, 2.0, "s", f"server ready after {started:.1f} s"
    )
    for name, what, budget in (
        ("next", "from the key to the next page of 25", 100.0),
        ("confirmed", "from the key to 25 verdicts confirmed on disk, 300 others a minute", 200.0),
    ):
        p95 = float(np.percentile(found[name], 95))
        yield _row(f"{what}, p95", p95, budget, "ms", f"median {statistics.median(found[name]):.0f} ms of {_PAGES}")
    keys = float(words.partition(" keys each")[0].rpartition(" ")[2])
    yield _row("keystrokes for a verdict, 20 % exceptions", keys, 0.3, "", "one by one: at least 1")


def _row(what: str, measured: float, budget: float, unit: str, beside: str) -> Row:
    return Row(
        what=what, budget=f"under {budget:g} {unit}".strip(), measured=f"{measured:.3g} {unit}".strip(), naive=beside,
        ratio=measured / budget, holds=measured < budget, peak_mb=0.0,
    )  # fmt: skip


def _judge(page: Any) -> None:
    """Flip five candidates of each page by their letters and confirm the rest, at the pace of a quick person."""
    size = _SIDE**2
    for number in range(_PAGES):
        page.wait_for_selector(f".cell:first-child[data-row='{number * size}']")
        for letter in "bfkqw"[:_EXCEPTIONS]:
            page.keyboard.press(letter)
        page.wait_for_timeout(300)
        page.keyboard.press("Enter")
    page.wait_for_selector(f"#status[data-stored='{_PAGES * size}'][data-waiting='0']")


def _milliseconds(page: Any, name: str) -> list[float]:
    found: list[float] = page.evaluate("name => performance.getEntriesByName(name).map(one => one.duration)", name)
    return found


@contextmanager
def _others(address: str) -> Iterator[None]:
    """Let other people judge one candidate after the other meanwhile."""
    stop = threading.Event()
    connection = http.client.HTTPConnection(address, timeout=30)
    connection.request("GET", "/")
    answer = connection.getresponse()
    cookie = str(answer.headers["Set-Cookie"]).partition(";")[0]
    token = answer.read().decode().partition('name="xsrf" content="')[2].partition('"')[0]

    def work() -> None:
        for number in count():
            verdict = {"row": COUNT - 1 - number, "verdict": "real", "token": f"other:{number}"}
            body = json.dumps({"person": f"person {number % 5}", "verdicts": [verdict]})
            connection.request("POST", "/api/verdicts", body, {"Cookie": cookie, "X-XSRFToken": token})
            connection.getresponse().read()
            if stop.wait(_OTHERS_EVERY_S):
                return

    thread = threading.Thread(target=work)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()
        connection.close()


@contextmanager
def _server(cutouts: Path, scores: Path) -> Iterator[tuple[str, float]]:
    """Start the page; yield host and port, and how many seconds it took."""
    command = [sys.executable, "-m", "commands.main", "eyeball", "--rows", str(cutouts), "--scores", str(scores)]
    began = time.perf_counter()
    child = subprocess.Popen([*command, "--port", "0", "--person", "ada"], stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    lines = [child.stdout.readline() for _ in range(2)]
    try:
        yield lines[1].strip().removeprefix("http://").rstrip("/"), time.perf_counter() - began
    finally:
        child.terminate()
        child.wait()


@contextmanager
def _browser() -> Iterator[Any]:
    from playwright.sync_api import sync_playwright

    program = shutil.which("chromium") or shutil.which("chromium-browser") or os.environ.get("CHROMIUM")
    with sync_playwright() as browsers:
        opened = browsers.chromium.launch(executable_path=program, args=["--no-sandbox", "--disable-gpu"])
        yield opened.new_page(viewport={"width": 1400, "height": 900})
        opened.close()


def _night(folder: Path) -> tuple[Path, Path]:
    """Write a cutout file of noise, and scores."""
    rng, ids = np.random.default_rng(1), [str(2**53 + number) for number in range(COUNT)]
    columns: dict[str, Any] = {"night": "2026-01-05", "band": "r", "label": UNLABELLED, "time_mjd": 61045.0}
    columns |= {"object_id": [f"o{number // 3}" for number in range(COUNT)]}
    blank = {name: "" if kind == "text" else 0 for name, kind in CANDIDATE_COLUMNS.items()}
    rows = pd.DataFrame({"candidate_id": ids}).assign(
        **{n: v for n, v in (blank | columns).items() if n != "candidate_id"}
    )
    kinds = {name: "str" if kind == "text" else kind for name, kind in CANDIDATE_COLUMNS.items()}
    header = CutoutHeader(
        survey="toy", channels=("science", "template", "difference"), size_pixel=21, pixel_scale_arcsec=1.0
    )
    noise = rng.normal(size=(_BLOCK, 21, 21, 3)).astype(np.float32)
    with CutoutWriter(folder / "night.h5", header) as writer:
        for start in range(0, COUNT, _BLOCK):
            writer.append(noise, rows.iloc[start : start + _BLOCK].reset_index(drop=True).astype(kinds))
    score = rng.random(COUNT).round(4)
    scores = pd.DataFrame(
        {"candidate_id": ids, "score": score, "label_predicted": (score > 0.5).astype(int), "model": "m"}
    )
    scores.to_csv(folder / "scores.csv", index=False)
    return folder / "night.h5", folder / "scores.csv"
