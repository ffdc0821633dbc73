"""What the log says of the PSFs that sources were injected with."""

import pandas as pd
import pytest

from pipeline.io.results import schema
from pipeline.stages.psf_record import PsfRecord, log_psfs

MISFIT = "27.8% of the light of 60 stars is in other pixels, allowed 10.0%"


def recorded(fallback):
    row = {"exposure_id": "e1", "image": "science", "source": "moffat", "fallback": fallback, "assumed": ""}
    return PsfRecord(rows=pd.DataFrame([row]).reindex(columns=list(schema.PSF_COLUMNS)))


@pytest.mark.parametrize(
    ("fallback", "advised"),
    [
        (f"none fits, the best is taken: moffat: {MISFIT}", True),
        (f"none fits, the best is taken: stars: {MISFIT}; moffat: {MISFIT}", False),
        ("stars: 3 of 9 sources are usable stars, a PSF takes 12", False),
    ],
)
def test_where_no_profile_fits_the_stars_of_the_image_are_advised(fallback, advised, caplog):
    log_psfs(recorded(fallback))
    assert f"exposure e1, science image: PSF from moffat: {fallback}" in caplog.text
    assert ("as in --simulation stars_psf" in caplog.text) == advised


def test_of_a_psf_that_fits_nothing_is_said(caplog):
    log_psfs(recorded(""))
    assert caplog.text == ""
