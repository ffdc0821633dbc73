import shutil

import pytest
from small_packages import CONTENT, write_small_package

from models.scoring.refusal import require_all_fit, require_fit
from pipeline.errors import IncompatiblePackageError, MissingInputError
from pipeline.io.results.commit import MANIFEST, commit
from pipeline.io.results.cutout_header import CutoutHeader


def header(**given):
    channels = ("science", "template", "difference")
    stated = {"survey": "toy", "channels": channels, "size_pixel": 15, "pixel_scale_arcsec": 1.0}
    return CutoutHeader(**stated | given)


def package(tmp_path, **values):
    contract = CONTENT["input"] | values.pop("input", {})
    return write_small_package(tmp_path / "package", input=contract, **values)


def test_what_a_package_takes_is_let_through(tmp_path):
    require_fit(package(tmp_path), header())
    require_fit(tmp_path / "package", header(size_pixel=63, pixel_scale_arcsec=float("nan")))


@pytest.mark.parametrize(
    ("values", "cutouts", "said"),
    [
        ({"input": {"crop": False}}, {"size_pixel": 11}, "15 pixels a side; given 11"),
        ({"input": {"crop": False}}, {"size_pixel": 63}, "15 pixels a side; given 63"),
        ({}, {"channels": ("science", "template")}, "needs channels difference, and can do without science; the"),
        ({}, {"pixel_state": "l2"}, "takes raw pixels; the cutouts are l2"),
        (
            {"metadata": {"columns": ["nbad"], "centre": [0.0], "width": [1.0]}},
            {},
            "needs the columns nbad; the cutouts lack nbad",
        ),
        ({"runtime": "abacus, float32"}, {}, "names the runtime 'abacus, float32'; this version has"),
    ],
)
def test_what_it_cannot_score_is_refused_with_both_sides(tmp_path, values, cutouts, said):
    folder = package(tmp_path, **values)
    with pytest.raises(IncompatiblePackageError, match=said):
        require_fit(folder, header(**cutouts))


@pytest.mark.parametrize(
    ("values", "said"),
    [
        (
            {"metadata": {"columns": ["nbad"], "centre": [0.0], "width": [1.0]}},
            "needs the columns nbad; the cutouts lack",
        ),
        ({"runtime": "abacus, float32"}, r"01-x.* names the runtime 'abacus, float32'"),
    ],
)
def test_what_a_member_of_a_stack_cannot_score_is_refused_as_well(tmp_path, values, said):
    stated = {"name": "toy-0123456789ab", "classifier": "x", "seed": 1, "learned_fold": "", "weight": 0.5}
    entries = [{"folder": name, **stated} for name in ("00-x", "01-x")]
    whole = write_small_package(tmp_path / "whole", schema=2, family="stack", members=entries)
    (whole / MANIFEST).unlink()
    for entry, more in zip(entries, ({}, values), strict=True):
        write_small_package(whole / "members" / entry["folder"], **more)
    folder = tmp_path / "package"
    commit(folder, lambda path: shutil.copytree(whole, path, dirs_exist_ok=True), directory=True)
    with pytest.raises(IncompatiblePackageError, match=said):
        require_fit(folder, header())


def test_no_package_is_no_fit(tmp_path):
    with pytest.raises(MissingInputError, match="no model package in"):
        require_fit(tmp_path, header())


def test_of_several_packages_the_one_that_does_not_fit_is_named(tmp_path):
    fits = write_small_package(tmp_path / "fits")
    large = write_small_package(tmp_path / "large", input=CONTENT["input"] | {"size_pixel": 63})
    require_all_fit([fits], header())
    with pytest.raises(IncompatiblePackageError, match=r"^--packages \S+/large: the model takes cutouts of 63 pixels"):
        require_all_fit([fits, large], header())
