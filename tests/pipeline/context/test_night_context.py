"""The context of a night."""

import numpy as np
import pandas as pd

from pipeline.context.names import CONTEXT_COLUMNS
from pipeline.context.night_context import NightContext, night_context

_OF_PLACES = ("line_significance", "axis_significance", "local_negative_share", "local_agreeing_share", "pixel_repeats")


def night(exposures: int = 3, number: int = 50) -> pd.DataFrame:
    """Return detections of exposures that point to different places, the first of each at one pixel."""
    rng = np.random.default_rng(4)
    blocks = []
    for exposure in range(exposures):
        x, y = rng.uniform(0.0, 400.0, (2, number))
        x[0] = y[0] = 200.0
        blocks.append(
            pd.DataFrame(
                {
                    "candidate_id": [f"{exposure}-{row}" for row in range(number)],
                    "exposure_id": f"e{exposure}",
                    "x_pixel": x,
                    "y_pixel": y,
                    "ra_deg": 10.0 + exposure + x / 3600.0,
                    "dec_deg": y / 3600.0,
                    "flux_sign": rng.choice([-1, 1], number),
                }
            )
        )
    return pd.concat(blocks, ignore_index=True)


def context_of(*blocks: pd.DataFrame, names: tuple[str, ...] = CONTEXT_COLUMNS) -> NightContext:
    return night_context(blocks, names, pixel_scale_arcsec=1.0)


def test_candidates_get_their_columns_whatever_the_order_of_blocks_and_rows() -> None:
    rows = night()
    mixed = rows.sample(frac=1.0, random_state=1)

    once = context_of(rows).of_detections(rows)
    again = context_of(mixed[:40], mixed[40:]).of_detections(rows)

    pd.testing.assert_frame_equal(once, again)
    assert (once.loc[once["candidate_id"].str.endswith("-0"), "pixel_repeats"] == 2).all()
    assert (once["exposure_density"] == 0).all()
    assert set(once[list(CONTEXT_COLUMNS)].dtypes) == {np.dtype("float32")}


def test_candidates_that_are_no_detections_and_those_without_a_place_have_no_context() -> None:
    rows = night(exposures=1)
    lost = rows.assign(x_pixel=rows["x_pixel"].where(rows.index != 3))

    found = context_of(lost).of_detections(rows.assign(candidate_id=["stranger", *rows["candidate_id"][1:]]))

    assert found.loc[[0, 3], "line_significance"].isna().all()
    assert found["line_significance"].notna().sum() == len(rows) - 2


def test_an_injection_has_the_columns_that_the_same_detection_has() -> None:
    rows = night()
    one = rows.index == 7

    detected = context_of(rows, names=_OF_PLACES).of_detections(rows[one])
    injected = context_of(rows[~one], names=_OF_PLACES).of_injections(rows[one])

    pd.testing.assert_frame_equal(detected, injected)


def test_detectors_of_one_exposure_are_images_of_their_own() -> None:
    rows = night(exposures=2)
    apart = rows.assign(detector=rows["exposure_id"], exposure_id="e")

    alone = context_of(rows[:50]).of_detections(rows[:50])
    beside = context_of(apart).of_detections(apart[:50])

    pd.testing.assert_frame_equal(alone[list(CONTEXT_COLUMNS)], beside[list(CONTEXT_COLUMNS)])


def test_a_night_without_detections_has_an_empty_context() -> None:
    nothing = night()[:0]

    assert len(context_of(nothing).of_detections(nothing)) == 0
    assert context_of().of_detections(night(exposures=1))["local_density"].isna().all()
    assert context_of().of_injections(night(exposures=1))["line_significance"].tolist() == [0.0] * 50
