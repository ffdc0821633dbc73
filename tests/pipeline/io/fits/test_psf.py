"""PSF files: PSFEx models with one or several detectors, snapshots, and whatever bytes a file may hold."""

import numpy as np
import pytest
from astropy.io import fits
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pipeline.errors import InputError, MissingInputError, NightsiftError
from pipeline.io.fits.psf import read_psf
from pipeline.psf import PolynomialPsf, PsfGrid, SampledPsf

SHAPE = (200, 300)
KEYS = {
    "POLNAXIS": 2, "POLGRP1": 1, "POLNAME1": "X_IMAGE", "POLZERO1": 150.0, "POLSCAL1": 300.0, "POLGRP2": 1,
    "POLNAME2": "Y_IMAGE", "POLZERO2": 100.0, "POLSCAL2": 200.0, "POLNGRP": 1, "POLDEG1": 1, "PSF_FWHM": 3.0,
    "PSF_SAMP": 0.7,
}  # fmt: skip


def spot(sigma=3.0, size=25):
    grid = np.arange(size) - size // 2
    return np.exp(-0.5 * (grid[None, :] ** 2 + grid[:, None] ** 2) / sigma**2).astype(np.float32)


def model_table(planes=3, name="PSF_DATA", **keys):
    data = np.stack([spot()] + [0.01 * spot(4.0)] * (planes - 1))[None]
    column = fits.Column(
        name="PSF_MASK", format=f"{data[0].size}E", dim=str(data.shape[:0:-1]).replace(" ", ""), array=data
    )
    table = fits.BinTableHDU.from_columns([column], name=name)
    for key, value in (KEYS | keys).items():
        if value is not None:
            table.header[key] = value
    return table


def write(path, *hdus):
    fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(path, overwrite=True)
    return path


@pytest.mark.replaces("gmadet", "O1")
def test_a_psfex_model_is_read_with_its_polynomial_and_sampling(tmp_path):
    psf = read_psf(write(tmp_path / "a.psf", model_table()), shape=SHAPE)
    assert isinstance(psf, PolynomialPsf)
    assert (psf.degree, psf.sampling, psf.zero, psf.scale) == (1, 0.7, (150.0, 100.0), (300.0, 200.0))
    assert psf.at(10.0, 10.0)(0.2, 0.1).sum() == pytest.approx(1.0)
    assert psf.at(290.0, 190.0).fwhm_pixel > psf.at(10.0, 10.0).fwhm_pixel


def test_a_model_that_does_not_vary_needs_no_polynomial(tmp_path):
    nothing = {key: None for key in KEYS if key.startswith("POL")}
    psf = read_psf(write(tmp_path / "a.psf", model_table(planes=1, **nothing)), shape=SHAPE)
    assert psf.degree == 0
    assert psf.at(1e6, 1e6).sampling == 0.7


def test_of_several_detectors_one_is_chosen_by_name(tmp_path):
    path = write(tmp_path / "a.psf", model_table(name="N1"), model_table(name="N2", PSF_SAMP=0.5))
    assert read_psf(path, shape=SHAPE, detector="n2").sampling == 0.5
    with pytest.raises(InputError, match=r"a.psf: holds 2 PSFs, detector is 'N3'; allowed: N1, N2"):
        read_psf(path, shape=SHAPE, detector="N3")


def test_several_detectors_may_share_a_table(tmp_path):
    rows = [("N1", 0.7), ("N2", 0.5)]
    described = {key.lower(): [value, value] for key, value in KEYS.items()} | {"psf_samp": [row[1] for row in rows]}
    columns = [
        fits.Column(name=key, format="8A" if isinstance(values[0], str) else "D", array=np.array(values))
        for key, values in described.items()
    ]
    columns.append(fits.Column(name="ccdname", format="3A", array=np.array([row[0] for row in rows])))
    planes = np.stack([np.stack([spot()] * 3)] * 2)
    columns.append(fits.Column(name="psf_mask", format=f"{planes[0].size}E", dim="(25,25,3)", array=planes))
    path = write(tmp_path / "merged.fits", fits.BinTableHDU.from_columns(columns))
    assert read_psf(path, shape=SHAPE, detector="N2").sampling == 0.5
    with pytest.raises(InputError, match="allowed: N1, N2"):
        read_psf(path, shape=SHAPE)


@pytest.mark.replaces("gmadet", "O1")
@pytest.mark.parametrize("cells", [(), (3, 2), (1, 1)])
def test_snapshots_are_read_as_one_psf_or_a_grid(tmp_path, cells):
    data = np.broadcast_to(spot(), (*cells, 25, 25)).copy()
    path = tmp_path / "a_psf.fits"
    fits.PrimaryHDU(data, fits.Header({"PSF_SAMP": 0.8})).writeto(path)
    psf = read_psf(path, shape=SHAPE)
    assert isinstance(psf, PsfGrid if cells == (3, 2) else SampledPsf)
    assert psf.sampling == 0.8
    assert psf.at(5.0, 5.0)(0.0, 0.0).sum() == pytest.approx(1.0)


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        ({"PSF_SAMP": None}, "key PSF_SAMP is missing"),
        ({"PSF_SAMP": "wide"}, "PSF_SAMP is 'wide'; allowed: a finite number"),
        ({"PSF_SAMP": -1.0}, "sampling is -1.0"),
        ({"POLDEG1": 3}, "degree 3 has 10 planes"),
        ({"POLDEG1": 0.5}, "POLDEG1 is 0.5; allowed: a whole number"),
        ({"POLSCAL1": 0.0}, "allowed: finite, not 0"),
        ({"POLNAME1": "MAG_AUTO"}, "varies with MAG_AUTO, Y_IMAGE; allowed: X_IMAGE and Y_IMAGE"),
        ({"POLNGRP": 2, "POLGRP2": 2}, "different groups"),
    ],
)
def test_a_model_that_cannot_be_used_is_named_with_its_fault(tmp_path, keys, message):
    with pytest.raises(InputError, match=message) as caught:
        read_psf(write(tmp_path / "bad.psf", model_table(**keys)), shape=SHAPE)
    assert "bad.psf" in str(caught.value)


def test_a_file_without_a_psf_says_what_it_holds(tmp_path):
    path = write(tmp_path / "a.fits", fits.BinTableHDU.from_columns([fits.Column(name="x", format="D", array=[1.0])]))
    with pytest.raises(InputError, match="no PSF in it; allowed: a table with the column PSF_MASK"):
        read_psf(path, shape=SHAPE)
    with pytest.raises(MissingInputError, match="no PSF file"):
        read_psf(tmp_path / "none.psf", shape=SHAPE)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.data())
def test_damaged_bytes_raise_our_own_errors_only(tmp_path, data):
    whole = write(tmp_path / "whole.psf", model_table()).read_bytes()
    damaged = bytearray(whole[: data.draw(st.integers(0, len(whole)))])
    for _ in range(data.draw(st.integers(0, 5))):
        if damaged:
            damaged[data.draw(st.integers(0, len(damaged) - 1))] = data.draw(st.integers(0, 255))
    path = tmp_path / "damaged.psf"
    path.write_bytes(bytes(damaged))
    try:
        psf = read_psf(path, shape=SHAPE)
        psf.at(10.0, 10.0)(0.0, 0.0)
    except NightsiftError:
        pass


def test_models_of_real_detectors_are_read(real_data):
    folder = real_data / "frames" / "legacypipe_decam"
    psfs = [read_psf(path, shape=(200, 200)) for path in sorted(folder.rglob("*psfex*.fits"))]
    assert len(psfs) > 20
    for psf in psfs:
        assert psf.degree == 2
        assert 2.5 < psf.fwhm_pixel < 7.0
        assert psf.at(100.0, 100.0)(0.3, -0.4).sum() == pytest.approx(1.0)
        assert psf.wing_fraction < 0.01
