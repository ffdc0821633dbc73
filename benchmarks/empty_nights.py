"""Nights without rows, frozen and fetched in the process that asks; the same with a process forked for each task."""

import os
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np
import yaml

from benchmarks.inputs import CHANNELS
from benchmarks.rows import Row, in_fresh_process, median_ratio
from pipeline.io.alerts.packet_writer import fits_bytes, write_packets, ztf_packet

SURVEY = "empty_nights"
FILES, PACKETS, NIGHTS = 100, 100, 30
BUDGET = 0.5
_REPEATS = 3
_FETCH = """
import datetime, logging, os, sys, time
import luigi
from tasks import FetchCutouts, FreezeInputs
survey, mode, count, first = *sys.argv[1:3], int(sys.argv[3]), datetime.date.fromisoformat(sys.argv[4])
if mode == "forked":
    for task in (FetchCutouts, FreezeInputs):
        task.is_light = False
logging.disable(logging.WARNING)  # each night warns that it is empty
nights = [(first + datetime.timedelta(days=day)).isoformat() for day in range(count + 1)]
def fetch(nights):
    tasks = [FetchCutouts(survey=survey, night=night) for night in nights]
    assert luigi.build(tasks, local_scheduler=True, log_level="ERROR")
fetch(nights[:1])  # imports, and the index of the packets
began, cpu = time.perf_counter(), sum(os.times()[:4])
fetch(nights[1:])
print("cpu_s", (sum(os.times()[:4]) - cpu) / count)
print("passed_s", (time.perf_counter() - began) / count)
"""


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Fetch nights of a survey of packets that holds other nights alone, each time others, by turns."""
    count = 10 * NIGHTS if full else NIGHTS
    _write_survey(folder)
    found: dict[str, list[dict[str, float]]] = {"light": [], "forked": []}
    for repeat in range(_REPEATS):
        for mode, runs in found.items():
            first = f"{2020 + 2 * repeat + (mode == 'forked')}-01-01"
            runs.append(in_fresh_process(_FETCH, SURVEY, mode, str(count), first))
    cpu_s = {mode: [one["cpu_s"] for one in runs] for mode, runs in found.items()}
    passed_s = {mode: median(one["passed_s"] for one in runs) for mode, runs in found.items()}
    ratio = median_ratio(cpu_s["light"], cpu_s["forked"])
    yield Row(
        what=f"FreezeInputs and FetchCutouts of a night without rows, {FILES * PACKETS:,} packets of other nights",
        budget=f"at most {BUDGET} x forked",
        measured=f"{median(cpu_s['light']):.3f} s of CPU per night, {passed_s['light']:.3f} s passed",
        naive=f"forked: {median(cpu_s['forked']):.3f} s, {passed_s['forked']:.3f} s passed",
        ratio=ratio,
        holds=ratio <= BUDGET,
        peak_mb=max(one["peak_mb"] for one in found["light"]),
    )


def _write_survey(folder: Path) -> None:
    """Write alert packets of one night, and the settings of their survey where those of the run are."""
    place = folder / SURVEY
    place.mkdir()
    stamps = [fits_bytes(image) for image in np.zeros((3, 5, 5), dtype=np.float32)]
    for file in range(FILES):
        ids = range(file * PACKETS + 1, (file + 1) * PACKETS + 1)
        alerts = [ztf_packet(stamps, object_id=f"o{one}", candid=one, jd=2461046.9, history=0) for one in ids]
        write_packets(place / f"{file}.avro", alerts)
    settings = {
        "telescope": "benchmark", "longitude_deg": -116.86, "pixel_scale_arcsec": 1.0, "cutout_size_pixel": 5,
        "channels": list(CHANNELS), "closed": {"after_hours": 0}, "source": "alert_packets",
        "input": {"packets": str(place), "stamp_size_pixel": 5},
        "defaults": {"dataset": "default", "classifier": "default"},
    }  # fmt: skip
    (Path(os.environ["NIGHTSIFT_CONFIG"]) / "surveys" / f"{SURVEY}.yaml").write_text(yaml.safe_dump(settings))
