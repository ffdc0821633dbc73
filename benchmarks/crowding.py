"""Crowds: many detections at one place, linked and matched; as many detections over the sky."""

from collections.abc import Iterator
from pathlib import Path

from benchmarks.rows import Row, interleaved, median_ratio, peak_mb
from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.crossmatch.friends import link_groups
from pipeline.crossmatch.match import match_one_to_one
from pipeline.rng import stream

COUNT, MANY = 16_000, 200_000
_RADIUS_ARCSEC, _REPEATS = 3.0, 5
_SPREADS_DEG = {"at one place": 0.0, "within an arcsecond": 1.0 / ARCSEC_PER_DEG}


def run(folder: Path, *, full: bool) -> Iterator[Row]:  # noqa: ARG001
    """Compare the time of a crowd with that of loose rows; pairs within the radius would be the square of a crowd."""
    count = MANY if full else COUNT
    loose = stream(1, "loose").uniform(-30.0, 30.0, (2, count))
    half = count // 2
    for where, spread_deg in _SPREADS_DEG.items():
        crowd = spread_deg * stream(1, "crowd").random((2, count))
        for what, work in (
            ("link {count:,} detections", lambda place: link_groups(*place, _RADIUS_ARCSEC)),
            (
                "match {half:,} with {half:,} detections",
                lambda place: match_one_to_one(*place[:, :half], *place[:, half:], _RADIUS_ARCSEC),
            ),
        ):
            seconds = interleaved(
                {"crowd": lambda do=work, at=crowd: do(at), "loose": lambda do=work: do(loose)}, _REPEATS
            )
            ratio = median_ratio(seconds["crowd"], seconds["loose"])
            yield Row(
                what=f"{what.format(count=count, half=half)} {where}",
                budget="at most 40 x loose ones, under 500 MB",
                measured=f"{min(seconds['crowd']):.3f} s",
                naive=f"over the sky: {min(seconds['loose']):.3f} s",
                ratio=ratio,
                holds=ratio <= 40.0 and peak_mb() < 500.0,
                peak_mb=peak_mb(),
            )
