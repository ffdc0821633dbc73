"""The verbs import and export."""

import numpy as np
import pytest
from PIL import Image

from commands.main import main
from pipeline.io.results.content import content_sha256
from pipeline.io.results.cutout_file import open_cutouts


def test_a_cutout_file_is_made_once_and_the_same_again_is_kept(legacy, tmp_path, capsys):
    folder, _ = legacy.psat_lists()
    command = ["import", "psat_list", str(folder), "--to", str(tmp_path / "a.h5"), "--pixel-scale", "1.86"]
    assert main(command) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.h5'}: 15 cutouts\n"
    stamp = (tmp_path / "a.h5").stat()
    assert main(command) == 0
    assert capsys.readouterr().out == f"{tmp_path / 'a.h5'} exists already and is the same\n"
    assert (tmp_path / "a.h5").stat() == stamp
    with open_cutouts(tmp_path / "a.h5") as file:
        assert file.header.pixel_scale_arcsec == 1.86
        assert file.provenance["task"] == "import"


@pytest.mark.parametrize("there", ["other.h5", "folder", "link.h5"])
def test_what_is_there_and_says_something_else_is_not_overwritten(legacy, tmp_path, capsys, there):
    folder, _ = legacy.psat_lists()
    (tmp_path / "other.h5").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    (tmp_path / "link.h5").symlink_to(tmp_path / "nowhere")
    assert main(["import", "psat_list", str(folder), "--to", str(tmp_path / "c.h5")]) == 0
    verb = (
        ["export", "psat_list", str(tmp_path / "c.h5")] if there == "folder" else ["import", "psat_list", str(folder)]
    )
    assert main([*verb, "--to", str(tmp_path / there)]) == 1
    assert "exists and holds something else" in capsys.readouterr().err
    assert (tmp_path / "other.h5").read_text() == (tmp_path / "folder" / "mine").read_text() == "mine"
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize("name", ["psat_list", "psat_hdf5", "gotorb", "gmadet", "gmadet_cube", "galaxy10"])
def test_an_export_is_the_same_twice(name, make_rows, make_cutouts, tmp_path, capsys):
    rows = make_rows(["a", "b", "c"], label=[1, 0, 1], label_source=["x"] * 3)
    make_cutouts(tmp_path / "in.h5", rows, size=4)
    command = ["export", name, str(tmp_path / "in.h5"), "--to", str(tmp_path / "out")]
    assert main(command) == 0
    first = sorted((path.name, content_sha256(path)) for path in tmp_path.rglob("out/**/*") if path.is_file())
    assert main(command) == 0
    assert "is the same" in capsys.readouterr().out
    assert first == sorted((p.name, content_sha256(p)) for p in tmp_path.rglob("out/**/*") if p.is_file())


def test_options_of_the_command_line_reach_the_file(legacy, tmp_path):
    path, _ = legacy.cube()
    out = tmp_path / "a.h5"
    given = ["--survey", "tca", "--telescope", "TCA", "--channels", "science", "--size", "31", "--night", "2020-01-02",
             "--option", "ignore=[candids, fwhms]"]  # fmt: skip
    assert main(["import", "gmadet_cube", str(path), "--to", str(out), *given]) == 0
    with open_cutouts(out) as file:
        rows = file.candidates()
        assert (file.header.survey, file.header.channels, file.header.size_pixel) == ("tca", ("science",), 31)
    assert set(rows["telescope"]) == {"TCA"}
    assert set(rows["night"]) == {"2020-01-02"}
    assert rows["candidate_id"][0] == "cube_0000000"
    assert np.isnan(rows["fwhm_pixel"]).all()


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["psat", "."], "unknown format 'psat' (did you mean 'psat_list'?)"),
        (["psat_list", "/nowhere"], "no file or folder /nowhere"),
        (["psat_list", ".", "--option", "hdu"], "--option 'hdu'; allowed: KEY=VALUE"),
        (["psat_list", ".", "--option", "hud=1"], "unknown key 'hud' (did you mean 'hdu'?)"),
        (["psat_list", ".", "--option", "magic_values=[1"], "--option 'magic_values=[1'"),
        (["gmadet_cube", ".", "."], "2 paths were given; allowed: one"),
    ],
)
def test_a_wrong_command_is_one_line(tmp_path, capsys, arguments, message):
    assert main(["import", *arguments, "--to", str(tmp_path / "a.h5")]) == 1
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_a_set_without_parts_cannot_keep_them(legacy, tmp_path, capsys):
    path, _ = legacy.cube()
    assert main(["import", "gmadet_cube", str(path), "--to", str(tmp_path / "a.h5"), "--keep-split"]) == 1
    assert "know no training and test part" in capsys.readouterr().err
    assert not list(tmp_path.glob("*.h5"))


def test_files_of_more_than_two_classes_keep_their_own(tmp_path):
    for number, name in enumerate(("edge_on", "elliptical", "spiral")):
        (tmp_path / "images" / name).mkdir(parents=True)
        Image.new("RGB", (8, 8), (number * 40, 10, 20)).save(tmp_path / "images" / name / f"{name}_1.png")
    assert (
        main(["import", "image_folder", str(tmp_path / "images"), "--to", str(tmp_path / "c.h5"), "--size", "8"]) == 0
    )
    with open_cutouts(tmp_path / "c.h5") as file:
        assert file.header.class_names == ("edge_on", "elliptical", "spiral")
        assert dict(file.candidates()[["candidate_id", "label"]].to_numpy()) == {
            "edge_on_1": 0, "elliptical_1": 1, "spiral_1": 2,
        }  # fmt: skip
