"""Alert packets to cutouts and rows, against plain fastavro, gunzip and astropy; and to scores, by two processes."""

import gzip
import io
import os
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, cast

import fastavro
import numpy as np
from astropy.io import fits

from benchmarks.inputs import CHANNELS, write_package
from benchmarks.rows import Row, in_fresh_process, interleaved, median_ratio, peak_mb
from models.scoring import runtime
from models.scoring.score_files import Scoring, score_night
from pipeline.io.alerts.packet_writer import fits_bytes, write_packets, ztf_packet
from pipeline.io.results.content import content_sha256
from pipeline.rng import stream
from pipeline.settings import parse
from pipeline.stages.night_cutouts import NightCutouts
from pipeline.stages.night_job import NightJob
from pipeline.surveys.base import Source
from pipeline.surveys.load import open_survey
from pipeline.surveys.settings import SurveySettings

MANY, SIZE, HISTORY = 500, 63, 8
NIGHT = "2026-01-05"
BUDGET = 1.5
TO_SCORES, BUDGET_OF_TWO, _REPEATS = 12_000, 1.3, 2
_SCORES = """
import resource, sys, time
from pathlib import Path
from benchmarks.packets import score
began, main = time.perf_counter(), time.process_time()
print("digest", int(score(Path(sys.argv[1]), Path(sys.argv[2]), int(sys.argv[3]))[:12], 16))
others = resource.getrusage(resource.RUSAGE_CHILDREN)
print("main_s", time.process_time() - main)
print("others_s", others.ru_utime + others.ru_stime)
print("passed_s", time.perf_counter() - began)
"""
_CUTOUTS = ("cutoutScience", "cutoutTemplate", "cutoutDifference")


def run(folder: Path, *, full: bool) -> Iterator[Row]:
    """Read one file per packet, as ZTF sends them, and all packets in one file; both from frozen files to batches."""
    count = 4 * MANY if full else MANY
    packets = _packets(count)
    for what, write in (("one file per packet", _one_each), ("all in one file, deflated", _all_in_one)):
        place = folder / what.replace(" ", "-")
        place.mkdir()
        files = write(place, packets)
        yield _row(what, count, _ours(place), partial(_naive, files))
    yield _to_scores(folder, TO_SCORES)


def _row(what: str, count: int, ours: Callable[[], int], naive: Callable[[], int]) -> Row:
    if ours() != count or naive() != count:
        raise RuntimeError(f"{what}: not every packet was read")
    seconds = interleaved({"ours": ours, "naive": naive}, repeats=5)
    ratio = median_ratio(seconds["naive"], seconds["ours"])
    rates = {name: count / float(np.median(values)) for name, values in seconds.items()}
    return Row(
        what=f"alert packets, {what}",
        budget=f"at least {BUDGET:g} x as fast",
        measured=f"{rates['ours']:,.0f}/s to cutouts and rows",
        naive=f"fastavro, gunzip, astropy: {rates['naive']:,.0f}/s to arrays",
        ratio=ratio,
        holds=ratio >= BUDGET,
        peak_mb=peak_mb(),
    )


def _to_scores(folder: Path, count: int) -> Row:
    """Freeze a night and score it as it is read, each time in a fresh process, from packets that no index knows yet.

    Where other work shares the cores, seconds that passed say little. So what is compared is how long it would take on
    cores of its own, by seconds of CPU: those of the main process and the mean of the others', one after the other.
    """
    place = folder / "to-scores"
    place.mkdir()
    _one_each(place, _packets(count))
    write_package(folder / "ensemble", "feature_ensemble", SIZE, "none")
    found: dict[int, list[dict[str, float]]] = {1: [], 2: []}
    for _ in range(_REPEATS):
        for number, runs in found.items():
            runs.append(in_fresh_process(_SCORES, str(place), str(folder / "ensemble"), str(number)))
    if len({run["digest"] for runs in found.values() for run in runs}) > 1:
        raise RuntimeError("two processes give other scores than one")
    own = {number: [run["main_s"] + run["others_s"] / number for run in runs] for number, runs in found.items()}
    passed = {number: np.median([run["passed_s"] for run in runs]) for number, runs in found.items()}
    rates = {
        number: f"{count / np.median(own[number]):,.0f}/s on cores of its own, {count / passed[number]:,.0f}/s passed"
        for number in found
    }
    ratio = median_ratio(own[1], own[2])
    return Row(
        what=f"{count:,} alert packets to scores, feature ensemble, two processes against one",
        budget=f"equal scores, at least {BUDGET_OF_TWO:g} x as fast",
        measured=rates[2],
        naive=f"one process: {rates[1]}",
        ratio=ratio,
        holds=ratio >= BUDGET_OF_TWO,
        peak_mb=max(run["peak_mb"] for run in found[2]),
    )


def score(place: Path, package: Path, processes: int) -> str:
    """Return the digest of the scores of a night that is frozen and read by so many processes."""
    with tempfile.TemporaryDirectory(dir=place.parent) as data:
        os.environ["NIGHTSIFT_DATA"] = data
        survey = _survey(place)
        survey.workers = processes
        job = NightJob(survey=survey, name="benchmark", night=NIGHT, manifest=survey.freeze(NIGHT))
        scoring = Scoring(package=runtime.load(package), release="r", seed=1, processes=processes)
        score_night(Path(data) / "scores.parquet", scoring, NightCutouts(job, labels=False))
        return content_sha256(Path(data) / "scores.parquet")


def _packets(count: int) -> list[dict[str, Any]]:
    rng = stream(1, "benchmark packets")
    packets = []
    for number in range(count):
        pixels = rng.normal(100.0, 5.0, (3, SIZE, SIZE)).astype(np.float32)
        stamps = [fits_bytes(channel) for channel in pixels]
        packets.append(ztf_packet(stamps, object_id=f"o{number}", candid=2**53 + number, history=HISTORY))
    return packets


def _one_each(folder: Path, packets: Sequence[dict[str, Any]]) -> list[Path]:
    return [write_packets(folder / f"{number:06d}.avro", [packet]) for number, packet in enumerate(packets)]


def _all_in_one(folder: Path, packets: Sequence[dict[str, Any]]) -> list[Path]:
    return [write_packets(folder / "night.avro", packets, codec="deflate")]


def _ours(folder: Path) -> Callable[[], int]:
    survey = _survey(folder)
    manifest = survey.freeze(NIGHT)
    return lambda: sum(len(batch.candidates) for batch in survey.read(NIGHT, manifest))


def _survey(folder: Path) -> Source:
    settings = {
        "source": "alert_packets",
        "telescope": "T1",
        "longitude_deg": 0.0,
        "pixel_scale_arcsec": 1.0,
        "channels": list(CHANNELS),
        "cutout_size_pixel": SIZE,
        "closed": {"after_hours": 0},
        "defaults": {"dataset": "d", "classifier": "c"},
        "input": {"packets": str(folder)},
    }
    return open_survey(parse(SurveySettings, settings, "benchmark"), "benchmark")


def _naive(files: Sequence[Path]) -> int:
    count = 0
    warnings.simplefilter("ignore")
    for path in files:
        with path.open("rb") as opened:
            for packet in cast("Iterator[dict[str, Any]]", fastavro.reader(opened)):
                np.stack([_image(packet[name]["stampData"]) for name in _CUTOUTS], axis=-1)
                count += 1
    return count


def _image(data: bytes) -> np.ndarray:
    with fits.open(io.BytesIO(gzip.decompress(data))) as opened:
        return np.asarray(opened[0].data, dtype=np.float32)
