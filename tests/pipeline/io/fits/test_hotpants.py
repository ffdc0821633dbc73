"""The program is called with arguments as a list; a stand-in here subtracts, fails, or writes nonsense."""

import sys

import numpy as np
import pytest

from pipeline.errors import InputError, MissingInputError
from pipeline.imaging.frame import Frame
from pipeline.io.fits.hotpants import Hotpants

STAND_IN = """#!{python}
import sys, time
import numpy as np
from astropy.io import fits
given = dict(zip(sys.argv[1::2], sys.argv[2::2]))
{body}
"""
SUBTRACTS = """
science, template = (fits.getdata(given[name]).astype("f4") for name in ("-inim", "-tmplim"))
difference = science - template
difference[science < float(given["-il"])] = 1e-30
fits.writeto(given["-outim"], difference)
fits.writeto(given["-oni"], np.full_like(difference, float(given["-ig"])))
"""


def frame(seed, **more):
    pixels = np.random.default_rng(seed).normal(300.0, 5.0, (40, 50)).astype(np.float32)
    return Frame(pixels=pixels, **({"gain": 2.0, "read_noise": 5.0, "saturation": 6e4, "fwhm_pixel": 3.0} | more))


@pytest.fixture
def program(tmp_path):
    def make(body):
        path = tmp_path / "a program; with $(blanks)"
        path.write_text(STAND_IN.format(python=sys.executable, body=body))
        path.chmod(0o755)
        return Hotpants(program=str(path), timeout_s=20.0)

    return make


def test_difference_and_noise_come_back_and_missing_pixels_stay_missing(program):
    science, template = frame(0, pedestal=-1000.0), frame(1, pedestal=-1000.0)
    science.pixels[3, 4] = np.nan
    difference, noise = program(SUBTRACTS).subtract(science, template)
    assert np.isnan(difference[3, 4])
    assert np.isnan(noise[3, 4])
    np.testing.assert_allclose(
        np.delete(difference, 3, 0), np.delete(science.pixels - template.pixels, 3, 0), atol=1e-3
    )
    assert np.nanmax(noise) == 2.0


def test_a_program_that_is_not_installed_is_named_with_the_way_out():
    with pytest.raises(MissingInputError, match=r"'no-such-hotpants' is not installed.*difference_of"):
        Hotpants(program="no-such-hotpants").subtract(frame(0), frame(1))


@pytest.mark.parametrize(
    ("body", "fault"),
    [
        ("sys.exit('no stamps found')", "failed with status 1: no stamps found"),
        ("pass", "wrote no difference.fits"),
        ("open(given['-outim'], 'w').write('x'); open(given['-oni'], 'w').write('x')", "difference.fits"),
        ("[fits.writeto(given[n], np.zeros((3, 3))) for n in ('-outim', '-oni')]", r"of shape \(3, 3\)"),
    ],
)
def test_a_run_that_fails_is_one_clear_error(program, body, fault):
    with pytest.raises(InputError, match=fault):
        program(body).subtract(frame(0), frame(1))


def test_a_run_that_takes_too_long_ends(program):
    made = program("time.sleep(30)")
    with pytest.raises(InputError, match=r"longer than 1\.0 s"):
        Hotpants(program=made.program, timeout_s=1.0).subtract(frame(0), frame(1))


def test_shapes_must_agree(program):
    other = Frame(pixels=np.ones((3, 3), np.float32), gain=1.0, read_noise=1.0, saturation=9.0, fwhm_pixel=2.0)
    with pytest.raises(InputError, match="align first"):
        program(SUBTRACTS).subtract(frame(0), other)
