"""All names and types of Nightsift's files: cutout files and data sets (HDF5), scores (Parquet).

``docs/formats.md`` is written from this module. A change of a name, a type or a meaning raises the schema
number.

Tested by tests/pipeline/io/results/test_cutout_file.py.
"""

from typing import Final

SCHEMA: Final = 1
"""Version of the cutout file, the data set and the scores; a reader refuses another one."""

SCHEMA_OF_KINDS: Final = 2
"""Version of a cutout file or data set that states its kind: one of a table, or one with weights or a target."""

CUTOUTS: Final = "cutouts"
TABLE: Final = "table"
KINDS: Final = (CUTOUTS, TABLE)
"""What the rows of a file hold: pixels, or the features of a table. A file of version 1 holds cutouts."""

SEAL: Final = "seal"
"""Metadata of Parquet files that hold the digest of the rest; attribute of HDF5 files whose digest is at the end.
Files of earlier versions have neither."""

PIXELS: Final = "cutouts"
PIXEL_DIGEST: Final = "pixel_digest"
"""Data sets of a cutout file: the pixels, and the hash of each row's."""

FEATURES: Final = "features"
"""Data set of a file of a table in the place of the pixels, float32 ``(n, feature)``, and the attribute that names
them. In memory a row is a cutout of one pixel with a channel for each feature, ``(n, 1, 1, feature)``."""

WEIGHT: Final = "weight"
"""Data set of the weight of each row in training, float32 ``(n,)``, in files that have one; read as a column of
``/candidates``."""

TARGET: Final = "target"
"""Data set of the number that is to be predicted of each row, float64 ``(n,)``, NaN = not known, in files of a survey
that has one; read as a column of ``/candidates``."""

ROW_COLUMNS: Final = {WEIGHT: "float32", TARGET: "float64"}
"""Types of the columns that are data sets of their own."""

TEXT: Final = "text"

CANDIDATE_COLUMNS: Final[dict[str, str]] = {
    "candidate_id": TEXT,
    "object_id": TEXT,
    "group_id": TEXT,
    "exposure_id": TEXT,
    "night": TEXT,
    "telescope": TEXT,
    "detector": TEXT,
    "ra_deg": "float64",
    "dec_deg": "float64",
    "x_pixel": "float64",
    "y_pixel": "float64",
    "time_mjd": "float64",
    "magnitude": "float32",
    "magnitude_error": "float32",
    "band": TEXT,
    "zeropoint": "float32",
    "fwhm_pixel": "float32",
    "snr": "float32",
    "flux_sign": "int8",
    "kind": TEXT,
    "label": "int8",
    "label_source": TEXT,
    "host_offset_arcsec": "float32",
    "edge_fraction": "float32",
    "nan_fraction": "float32",
    "flags": "int32",
}
"""Columns of ``/candidates`` in a cutout file and a data set, with their types."""

METADATA_TYPE: Final = "float32"
"""Type of the further columns of ``/candidates`` that a survey's ``metadata`` names, NaN = missing; most have none."""

DROPPED_COLUMNS: Final[dict[str, str]] = {"candidate_id": TEXT, "step": TEXT, "reason": TEXT}
"""Columns of ``/dropped``: which candidate was left out, by which step, with which reason code."""

EXPOSURE_COLUMNS: Final[dict[str, str]] = {
    "exposure_id": TEXT,
    "wcs_offset_x_pixel": "float32",
    "wcs_offset_y_pixel": "float32",
    "noise_spread": "float32",
}
"""Columns of ``/exposures`` where images were subtracted, one row per exposure: what was measured on its images."""

SEPARATION: Final = "separation"
"""Key in a data set's provenance: how its parts were kept from sharing pixels, and how many rows that cost."""

TRUTH_COLUMNS: Final[dict[str, str]] = {
    "injection_id": TEXT,
    "exposure_id": TEXT,
    "ra_deg": "float64",
    "dec_deg": "float64",
    "x_pixel": "float64",
    "y_pixel": "float64",
    "magnitude": "float32",
    "kind": TEXT,
    "host_offset_arcsec": "float32",
    "recovered": "bool",
    "candidate_id": TEXT,
    "band": TEXT,
    "flux_sign": "int8",
    "snr": "float32",
    "host_id": TEXT,
    "host_surface_brightness": "float32",
    "trail_pixel": "float32",
}
"""Columns of ``/truth`` in a file of simulated transients, one row per injection, recovered or missed."""

STAR_TRUTH_COLUMNS: Final[dict[str, str]] = {"star_magnitude": "float32"}
"""Further columns where stars of the images were made to vary."""

PSF_COLUMNS: Final[dict[str, str]] = {
    "exposure_id": TEXT,
    "image": TEXT,
    "source": TEXT,
    "kind": TEXT,
    "fallback": TEXT,
    "assumed": TEXT,
    "gain": "float32",
    "stars": "int32",
    "fwhm_pixel": "float32",
    "star_fwhm_pixel": "float32",
    "residual_fraction": "float32",
    "peak_error": "float32",
    "chi2": "float32",
    "x_offset": "float32",
    "y_offset": "float32",
    "wing_fraction": "float32",
}
"""Columns of ``/psf`` in a file of simulated transients, one row per image that sources were put into."""

PSF_IMAGES: Final = ("star", "psf", "residual")
PSF_IMAGE_SIZE_PIXEL: Final = 33
"""``/psf_images``, float32 ``(row of /psf, which, y, x)``, in units of the flux; NaN where no star was measured."""

SCORE_COLUMNS: Final[dict[str, str]] = {
    "candidate_id": TEXT,
    "object_id": TEXT,
    "exposure_id": TEXT,
    "night": TEXT,
    "split": "int8",
    "label_predicted": "int8",
    "score": "float32",
    "score_std": "float32",
    "entropy": "float32",
    "bald": "float32",
    "flags": "int32",
    "model": TEXT,
    "release": TEXT,
}
"""Columns of a scores file; ``p_0 ... p_k`` (float32) come between ``split`` and ``label_predicted``.

A night's scores have ``split`` -1. A row that cannot be scored has NaN in every ``p_`` column and in
``score``, and the flag ``NOT_SCORED``.
"""

DECIDED_COLUMNS: Final[dict[str, str]] = {"label_decided": "int8", "decided_by": TEXT}
"""Columns after ``label_predicted`` in a scores file of a survey with vetoes or overrides: the class after these rules,
and the rule that changed it, empty where the classifier's own class stands."""

HISTORY_COLUMNS: Final[dict[str, str]] = {
    "object_id": TEXT,
    "candidate_id": TEXT,
    "exposure_id": TEXT,
    "survey": TEXT,
    "telescope": TEXT,
    "night": TEXT,
    "time_mjd": "float64",
    "band": TEXT,
    "score": "float32",
    "score_std": "float32",
    "label_predicted": "int8",
    "label": "int8",
    "label_source": TEXT,
    "flags": "int32",
    "model": TEXT,
    "release": TEXT,
    "object_score": "float64",
    "counts": "bool",
}
"""Columns of the history of objects, one row for each visit: an image of an object."""

HISTORY_SCHEMA: Final = 1
"""Version of the history of objects."""

ASKED_COLUMNS: Final[dict[str, str]] = {
    "score_mean": "float32",
    "verdict": TEXT,
    "unlikeness": "float32",
    "reason": TEXT,
}
"""Columns that a scores file has only where recipe or command line ask for them, before ``flags``."""

VALUES_SCHEMA: Final = 2
"""Version of the scores file of a regressor, which readers of probabilities refuse by it."""

SCORE_SCHEMAS: Final = (str(SCHEMA), str(VALUES_SCHEMA))
"""Versions of scores files that can be read."""

VALUE_COLUMNS: Final[dict[str, str]] = {
    "candidate_id": TEXT,
    "object_id": TEXT,
    "exposure_id": TEXT,
    "night": TEXT,
    "split": "int8",
    "value": "float64",
    "value_std": "float64",
    "q05": "float64",
    "q50": "float64",
    "q95": "float64",
    "low": "float64",
    "high": "float64",
    "flags": "int32",
    "model": TEXT,
    "release": TEXT,
}
"""Columns of the scores file of a regressor; ``m_0 ... m_b`` (float32), the probability of each bin, come after
``high``. A row that cannot be scored has NaN in all of them, and the flag ``NOT_SCORED``.
"""
