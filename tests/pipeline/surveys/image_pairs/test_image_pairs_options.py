"""Catalogues, image services and hotpants of a survey of science images and templates, and what each does wrong."""

import sys
from functools import partial
from io import BytesIO
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
from astropy.io import fits
from image_pair_surveys import (
    NEW,
    TIMES_MJD,
    ZEROPOINT,
    expect_new,
    field_stars,
    forget_projection,
    projection,
    read_night,
    render,
    write_pairs,
)

from pipeline.errors import NightsiftError
from pipeline.io.settings_files import data_folder

NIGHT = "2026-01-05"


@pytest.fixture
def star_catalogue(tmp_path):
    """Return a function that writes a catalogue and says how it is found."""

    def make(rows, name="catalogue.csv"):
        rows.to_csv(tmp_path / name, index=False)
        return str(tmp_path / name)

    return make


@pytest.mark.replaces("gmadet", "O16")
def test_known_objects_are_vetoed_and_listed(image_pair_survey, star_catalogue):
    ra, dec = projection().all_pix2world([60.2], [81.25], 0)
    known = star_catalogue(pd.DataFrame({"ra": ra, "de": dec}))
    veto = {"catalogue": known, "ra_deg": "ra", "dec_deg": "de", "radius_arcsec": 1.5}
    rows, _, dropped, lost = read_night(image_pair_survey(input={"veto": veto}))
    assert rows["exposure_id"].tolist() == ["e1"]
    assert lost == 0
    assert dropped["step"].tolist() == ["veto", "veto"]
    assert set(dropped["candidate_id"]).isdisjoint(rows["candidate_id"])


def test_the_zeropoint_is_that_of_catalogued_stars(image_pair_survey, star_catalogue):
    stars = field_stars().rename(columns={"magnitude": "r_mag"}).assign(r_mag=lambda rows: rows["r_mag"] + 1.5)
    known = {"catalogue": star_catalogue(stars), "magnitude": "{band}_mag"}
    rows, *_ = read_night(image_pair_survey(input={"zeropoint": known}))
    np.testing.assert_allclose(rows["zeropoint"], ZEROPOINT + 1.5, atol=0.05)
    plain, *_ = read_night(image_pair_survey())
    np.testing.assert_allclose(rows["magnitude"] - plain["magnitude"], 1.5, atol=0.05)


@pytest.mark.parametrize(("key", "expected"), [(25.0, ZEROPOINT), (None, np.nan)])
def test_a_catalogue_without_matches_falls_back_and_says_so(image_pair_survey, star_catalogue, key, expected):
    write = partial(write_pairs, changes={name: {"MAGZERO": key} for name in TIMES_MJD})
    known = {"catalogue": star_catalogue(field_stars().assign(dec_deg=-20.0))}
    rows, _, dropped, lost = read_night(image_pair_survey(write=write, input={"zeropoint": known}))
    assert lost == 0
    np.testing.assert_allclose(rows["zeropoint"], expected, atol=1e-3)
    assert rows["magnitude"].isna().all() == np.isnan(expected)
    assert (rows["snr"] > 10).all()
    assert dropped["step"].tolist() == ["zeropoint", "zeropoint"]
    assert dropped["reason"].str.contains(r"0 of \d+ stars match one of 60 catalogue rows").all()


def test_where_a_catalogue_is_required_an_exposure_without_match_is_lost(image_pair_survey, star_catalogue):
    known = {"catalogue": star_catalogue(field_stars().assign(dec_deg=-20.0)), "required": True}
    rows, _, dropped, lost = read_night(image_pair_survey(input={"zeropoint": known}))
    assert (len(rows), lost) == (0, 2)
    assert dropped["reason"].str.contains("stars match one of").all()


def test_a_catalogue_that_changed_after_freezing_is_refused(image_pair_survey, star_catalogue):
    known = {"catalogue": star_catalogue(field_stars()[["ra_deg", "dec_deg"]])}
    survey = image_pair_survey(input={"veto": known})
    manifest = survey.freeze(NIGHT)
    star_catalogue(field_stars().iloc[:3])
    with pytest.raises(NightsiftError, match=r"catalogue\.csv changed since the night.*nightsift refetch"):
        list(survey.read(NIGHT, manifest))


class Answers:
    """Stands in for the client of an image service: it gives the field's stars on the pixels asked for."""

    def __init__(self):
        self.asked = []

    def query_with_wcs_async(self, *, hips, wcs, format, **_):  # noqa: A002 (the client's own name)
        assert format == "fits"
        self.asked.append(hips)
        pixels = render(wcs, field_stars(), fwhm_pixel=2.2, seed=5)
        buffer = BytesIO()
        fits.writeto(buffer, pixels, wcs.to_header())
        return SimpleNamespace(status_code=200, content=buffer.getvalue(), text="")


def test_templates_come_from_an_image_service_once_a_field(image_pair_survey, monkeypatch):
    service = Answers()
    monkeypatch.setattr("pipeline.io.services.templates._client", lambda _: service)
    template = {"gain": 2.0, "read_noise": 6.0, "saturation": 5e4, "sky_noise": True}
    images = {"hdus": {"science": "path:0"}, "difference": {"template": template}}
    survey = image_pair_survey(input={"images": images, "template_service": {"hips": "CDS/P/X/{band}"}})
    assert survey.check() == []
    manifest = survey.freeze(NIGHT)
    assert service.asked == ["CDS/P/X/r", "CDS/P/X/r"]
    rows, _, dropped, lost = read_night(survey)
    assert (lost, len(dropped)) == (0, 0)
    expect_new(rows)
    assert len(service.asked) == 2
    kept = sorted(name for name in manifest["files"] if name.startswith("templates/"))
    assert len(kept) == 2
    (data_folder() / kept[0]).unlink()
    with pytest.raises(NightsiftError, match=r"templates/.*changed since the night.*nightsift refetch"):
        list(survey.read(NIGHT, manifest))


def test_an_exposure_that_no_template_can_be_asked_for_is_lost(image_pair_survey, monkeypatch):
    monkeypatch.setattr("pipeline.io.services.templates._client", lambda _: Answers())

    def write(folder):
        write_pairs(folder)
        forget_projection(folder / "science" / "e1.fits")

    images = {"hdus": {"science": "path:0"}, "difference": {"template": {"read_noise": 6.0}}}
    survey = image_pair_survey(write=write, input={"images": images, "template_service": {"hips": "CDS/P/X/{band}"}})
    rows, _, dropped, lost = read_night(survey)
    assert (lost, set(rows["exposure_id"])) == (1, {"e2"})
    assert "names no image of channel 'template'" in dropped["reason"].iloc[0]


STAND_IN = """#!{python}
import sys
import numpy as np
from astropy.io import fits
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
science, template = (fits.getdata(given[name]).astype("f4") for name in ("-inim", "-tmplim"))
fits.writeto(given["-outim"], science - template)
fits.writeto(given["-oni"], np.full_like(science, 15.0))
"""


def test_hotpants_subtracts_where_it_is_chosen(image_pair_survey, tmp_path):
    program = tmp_path / "hotpants"
    program.write_text(STAND_IN.format(python=sys.executable))
    program.chmod(0o755)
    # images of one width on one grid, which the stand-in can subtract as they are
    chosen = {"alignment": "wcs", "method": "hotpants", "hotpants": {"program": str(program)}}
    survey = image_pair_survey(write=partial(write_pairs, fwhm_pixel=2.2), difference=chosen)
    rows, _, _, lost = read_night(survey)
    assert lost == 0
    for x, y, _ in NEW["e1"]:
        assert np.hypot(rows["x_pixel"] - x, rows["y_pixel"] - y).min() < 0.5


def test_hotpants_that_is_not_installed_is_told_by_the_check_and_for_each_exposure(image_pair_survey):
    chosen = {"method": "hotpants", "hotpants": {"program": "no-such-hotpants"}}
    survey = image_pair_survey(difference=chosen)
    assert "no-such-hotpants' is not installed" in survey.check()[0]
    _, _, dropped, lost = read_night(survey)
    assert lost == 2
    assert dropped["reason"].str.contains("is not installed").all()
