"""The two samples that are compared: candidates of a synthetic survey, known by their truth, and real ZTF alerts."""

from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from pipeline.conversions import ARCSEC_PER_DEG
from pipeline.crossmatch.friends import link_groups
from pipeline.cutouts.extract import extract_cutouts
from pipeline.io.results.hdf5 import open_to_read
from pipeline.io.settings_files import load
from pipeline.settings import parse
from pipeline.sky import SkySettings, draw_field, plan_visits, render_template
from pipeline.sky.exposure import Template
from pipeline.sky.field import Field
from pipeline.sky.visits import Visit
from pipeline.surveys.settings import SurveySettings
from pipeline.surveys.synthetic.survey import observe

SIZE_PIXEL = 63
_LINKED_ARCSEC = 3.0
_MAGIC = 1e30
_SEED = 1


@dataclass(frozen=True, kw_only=True)
class Sample:
    """Cutouts of one survey.

    Attributes
    ----------
    cutouts : ndarray of float32, (n, y, x, channel)
        Science, template, science less template; NaN where missing.
    rows : DataFrame
        ``label`` 1 real, 0 bogus, -1 unknown; ``group`` of one place or object; ``kind`` by the truth or the source of
        the label; ``sign`` of the change of flux; ``edge_pixel`` to the nearest border of the image; ``name``.
    area_deg2 : float
        Sky searched, each exposure counted; NaN where the rows are a selection.
    """

    cutouts: NDArray[np.float32]
    rows: pd.DataFrame
    area_deg2: float = float("nan")

    def take(self, rows: NDArray[np.intp]) -> "Sample":
        """Return some of the rows, by their numbers."""
        return replace(self, cutouts=self.cutouts[rows], rows=self.rows.iloc[rows].reset_index(drop=True))

    @property
    def turned(self) -> NDArray[np.float32]:
        """The cutouts with differences that are positive where the flux changed, as ZTF stores them."""
        out = self.cutouts.copy()
        out[..., 2] *= self.rows["sign"].to_numpy(np.float32)[:, None, None]
        return out


def synthetic(survey: str, processes: int) -> Sample:
    """Return all candidates of a synthetic survey with their true labels; rows of one place share a group."""
    sky = load("surveys", survey, SurveySettings).input["sky"]
    settings = parse(SkySettings, sky, f"surveys/{survey}.yaml: sky")
    visits = plan_visits(settings, _SEED)
    objects = {field: draw_field(settings, field, visits, _SEED) for field in range(settings.fields)}
    templates = {field: render_template(settings, field, objects[field], _SEED) for field in objects}
    with ProcessPoolExecutor(processes) as pool:
        parts = list(pool.map(partial(_searched, settings), visits, [objects[one.field] for one in visits],
                              [templates[one.field] for one in visits]))  # fmt: skip
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    rows["group"] = link_groups(rows["ra_deg"], rows["dec_deg"], _LINKED_ARCSEC).astype(str)
    area = len(visits) * (settings.size_pixel * settings.pixel_scale_arcsec / ARCSEC_PER_DEG) ** 2
    return Sample(cutouts=np.concatenate([part.cutouts for part in parts]), rows=rows, area_deg2=area)


def _searched(settings: SkySettings, visit: Visit, objects: Field, template: Template) -> Sample:
    """Return the candidates of one exposure, rendered, subtracted and searched as the survey does."""
    observed = observe(settings, visit, objects, template, _SEED)
    exposure, found = observed.exposure, observed.candidates
    x, y = found["x_pixel"].to_numpy(), found["y_pixel"].to_numpy()
    images = (exposure.science, exposure.template, observed.subtraction.difference)
    ra, dec = exposure.wcs.pixel_to_world_values(x, y)
    last = settings.size_pixel - 1
    rows = pd.DataFrame(
        {
            "label": found["is_real"].to_numpy(np.int64),
            "kind": found["kind"].astype(str),
            "sign": found["flux_sign"].to_numpy(np.int64),
            "edge_pixel": np.min([x, y, last - x, last - y], axis=0),
            "name": [f"{exposure.visit.exposure_id}/{number}" for number in range(len(found))],
            "ra_deg": ra,
            "dec_deg": dec,
        }
    )
    return Sample(
        cutouts=np.stack([extract_cutouts(one, x, y, SIZE_PIXEL).pixels for one in images], axis=-1), rows=rows
    )


def ztf(folder: Path) -> Sample:
    """Return all alerts; differences of faded sources, which are stored as template less science, are turned."""
    table = pd.read_parquet(folder / "alerts.parquet")
    with open_to_read(folder / "cutouts.h5") as file:
        cutouts = np.moveaxis(file["cutouts"][:], 1, -1)
    cutouts[~(np.abs(cutouts) < _MAGIC)] = np.nan
    sign = np.where(table["isdiffpos"] == "f", -1, 1)
    cutouts[..., 2] *= sign[:, None, None].astype(np.float32)
    rows = pd.DataFrame(
        {
            "label": table["label"].to_numpy(np.int64),
            "group": table["objectId"].astype(str),
            "kind": table["label_source"].fillna("").astype(str),
            "sign": sign,
            "edge_pixel": table["mindtoedge"].to_numpy(np.float64),
            "name": table["candid"].astype(str),
        }
    )
    return Sample(cutouts=cutouts, rows=rows)
