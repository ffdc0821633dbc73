"""What every list of simulated transients must do, over all that the registry holds, by the verb ``export``."""

import numpy as np
import pandas as pd
import pytest

from commands.convert import TRUTH_LISTS
from commands.main import main
from pipeline.io.legacy.crossmatch_list import read_crossmatch
from pipeline.io.legacy.simulated_objects import read_simulated_objects
from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
from pipeline.io.results.schema import TRUTH_COLUMNS

READERS = {"simulated_objects": read_simulated_objects, "crossmatch": read_crossmatch}


@pytest.fixture
def three_injections(tmp_path, make_rows):
    """Three injections of two exposures; the first was recovered 2.5 arcsec off, the others were missed."""
    truth = pd.DataFrame(
        {
            "injection_id": ["e1~0", "e1~1", "e2~0"], "exposure_id": ["e1", "e1", "e2"],
            "candidate_id": ["007", "", ""],
            "x_pixel": [10.0, 20.0, 30.0], "y_pixel": [11.0, 21.0, 31.0], "ra_deg": [10.0, 10.1, 11.0], "dec_deg": 0.0,
            "magnitude": [18.0, 19.0, 20.0], "band": "r", "kind": "injected_random", "recovered": [True, False, False],
        }
    )  # fmt: skip
    blank = {name: ("" if kind == "text" else 0) for name, kind in TRUTH_COLUMNS.items() if name not in truth}
    header = CutoutHeader(survey="toy", channels=("difference",), size_pixel=3, pixel_scale_arcsec=1.0)
    with CutoutWriter(tmp_path / "simulated.h5", header) as writer:
        found = make_rows(["007"], exposure_id=["e1"], ra_deg=[10.0 + 2.5 / 3600], dec_deg=[0.0])
        writer.append(np.ones((1, 3, 3, 1), np.float32), found)
        writer.write_table("truth", TRUTH_COLUMNS, truth.assign(**blank))
    return tmp_path / "simulated.h5"


def test_every_list_is_described_has_a_reader_and_stands_in_the_help(capsys):
    assert set(READERS) == set(TRUTH_LISTS)
    with pytest.raises(SystemExit):
        main(["export", "--help"])
    said = capsys.readouterr().out
    for name in TRUTH_LISTS:
        assert TRUTH_LISTS.summary(name).endswith(".")
        assert isinstance(TRUTH_LISTS.metadata(name)["settings"], type)
        assert name in said


@pytest.mark.replaces("gmadet", "O3")
@pytest.mark.parametrize("name", list(READERS))
def test_an_export_has_every_injection_and_is_the_same_twice(name, three_injections, tmp_path, capsys):
    command = ["export", name, str(three_injections), "--to", str(tmp_path / "list")]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'list'}: 3 rows\n"
    rows = READERS[name](tmp_path / "list")
    assert rows["filename"].tolist() == ["e1", "e1", "e2"]
    assert rows["idx"].astype(int).tolist() == [0, 1, 2]
    assert rows["Xpos"].tolist() == [11.0, 21.0, 31.0]
    assert rows["mag"].tolist() == [18.0, 19.0, 20.0]
    assert main(command) == 0
    assert "is the same" in capsys.readouterr().out


@pytest.mark.replaces("gmadet", "O4")
@pytest.mark.parametrize(("radius", "closest"), [("2.4", "-"), ("2.6", "007")])
def test_the_radius_of_the_cross_match_is_an_option(three_injections, tmp_path, radius, closest):
    out = tmp_path / "crossmatch.dat"
    option = ["--option", f"radius_arcsec={radius}"]
    assert main(["export", "crossmatch", str(three_injections), "--to", str(out), *option]) == 0
    assert read_crossmatch(out)["closest_candID"].tolist() == [closest, "-", "-"]


@pytest.mark.parametrize(
    ("name", "option", "message"),
    [
        ("crossmatch", "radius_arcsec=-1", "radius_arcsec is -1.0; allowed: above 0, at most 3600"),
        ("crossmatch", "radius=1", "unknown key 'radius' (did you mean 'radius_arcsec'?)"),
        ("simulated_objects", "radius_arcsec=1", "unknown key 'radius_arcsec'"),
    ],
)
def test_a_wrong_option_is_one_line_and_nothing_is_written(three_injections, tmp_path, capsys, name, option, message):
    out = tmp_path / "list"
    assert main(["export", name, str(three_injections), "--to", str(out), "--option", option]) == 1
    assert message in capsys.readouterr().err
    assert not out.exists()


@pytest.mark.parametrize("name", list(READERS))
def test_a_file_without_truth_is_one_line(name, make_rows, make_cutouts, tmp_path, capsys):
    path = make_cutouts(tmp_path / "plain.h5", make_rows(["a"]))
    assert main(["export", name, str(path), "--to", str(tmp_path / "list")]) == 1
    assert "plain.h5: no table 'truth'; there: " in capsys.readouterr().err
