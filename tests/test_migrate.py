"""The pages for people who come from other systems: their commands run, on files as those systems write them."""

import re
import shlex
import shutil
from pathlib import Path

import pytest
from image_pair_surveys import write_pairs

ROOT = Path(__file__).resolve().parents[1]
PAGES = sorted((ROOT / "docs" / "migrate").glob("*.md"))


def commands(page):
    """Return the commands of the blocks that say so, in order."""
    blocks = re.findall(r"<!-- run -->\n```sh\n(.*?)```", page.read_text(encoding="utf-8"), re.S)
    return [line for block in blocks for line in block.splitlines() if line.strip()]


def psat(legacy, folder):
    made, _ = legacy.psat_lists("training", good=30, bad=50, size=24)
    shutil.move(made, folder)
    more, _ = legacy.psat_lists("more", good=150, bad=170, size=24)
    shutil.move(more, folder / "more")
    lists = {word: sorted((folder / "more" / word).iterdir()) for word in ("good", "bad")}
    (folder / "some.txt").write_text("\n".join(str(path) for path in lists["bad"]))
    (folder / "images.txt").write_text("some.txt\n" + "\n".join(f"more/good/{path.name}" for path in lists["good"]))
    shutil.move(legacy.psat_hdf5(train=40, test=12)[0], folder)


def gotorb(legacy, folder):
    made, table, _ = legacy.gotorb("data_20201030-170220", count=60, size=11)
    legacy.gotorb("data_20201030-170220", count=20, size=11, prefix="clean_")
    shutil.move(made, folder)
    path, table, _ = legacy.hickle_pack()
    shutil.move(path, folder)
    table.to_csv(folder / "datapack.csv", index=False)


def gmadet(legacy, folder):
    made, _ = legacy.gmadet(true=40, false=40, size=33)
    shutil.move(made, folder)
    made, _ = legacy.gmadet("new", true=5, false=5, size=33)
    shutil.move(made / "true", folder / "candidates")
    shutil.move(legacy.cube()[0], folder)
    simulated_night(folder / "simulated.h5")
    write_pairs(folder / "raw")


def fourmost(legacy, folder):
    from pipeline.io.tables.fits_table import write_fits_table
    from pipeline.sky.target_catalogue import TargetCatalogue, draw_target_catalogue

    (folder / "catalogue").mkdir()
    drawn = draw_target_catalogue(TargetCatalogue(rows=4000), seed=1).drop(columns=["true_kind", "true_redshift"])
    write_fits_table(folder / "catalogue" / "4MOST.CatForGregoire.05Dec2018.zphot.fits", drawn)
    shutil.move(legacy.fourmost(), folder / "datasets")


def galaxy10(legacy, folder):
    import numpy as np
    from PIL import Image

    (folder / "files").mkdir()
    shutil.move(legacy.galaxy10(count=1000)[0], folder / "files")
    (folder / "config.yaml").write_text(
        "seed: 42\ndataset_percentage: 0.1\nmodel_architecture: {model: resnet18, last_frozen_layer: layer3}\n"
        "learning_rate: {initial_value: 0.01, decrease_on_plateau: true, patience: 3}\n"
    )
    for number, name in enumerate(("spiral", "elliptical")):
        (folder / "images" / name).mkdir(parents=True)
        pixels = np.full((40, 40, 3), 100 * number, np.uint8)
        Image.fromarray(pixels).save(folder / "images" / name / f"{number}.png")


def simulated_night(path):
    """A file of simulated transients as SimulateTransients leaves it, with two missed injections."""
    import numpy as np
    import pandas as pd

    from pipeline.io.results.cutout_file import CutoutHeader, CutoutWriter
    from pipeline.io.results.schema import TEXT, TRUTH_COLUMNS

    blank = {name: ([""] * 2 if kind == TEXT else np.arange(2.0)) for name, kind in TRUTH_COLUMNS.items()}
    truth = pd.DataFrame(blank).assign(injection_id=["e1~0", "e1~1"], exposure_id="e1", kind="injected_random")
    header = CutoutHeader(survey="tca", channels=("science",), size_pixel=3, pixel_scale_arcsec=3.31)
    with CutoutWriter(path, header) as writer:
        writer.write_table("truth", TRUTH_COLUMNS, truth)


def scores_of(data, survey):
    from pipeline.io.results.scores_file import read_scores

    (path,) = data.glob(f"{survey}/r1/files/Infer-*.parquet")
    return read_scores(path)


def psat_scores(data):
    """Every stamp of the lists is scored once, whatever the number of chunks, by way of a cutout file or without."""
    import pandas as pd

    from pipeline.io.results.scores_file import read_scores

    scores, others = map(read_scores, data.glob("psat_stamps/r1/files/Infer-*.parquet"))
    pd.testing.assert_series_equal(scores["candidate_id"], others["candidate_id"])
    pd.testing.assert_series_equal(scores["score"], others["score"], atol=1e-6)
    assert len(scores) == scores["candidate_id"].nunique() == 320
    assert scores["score"].notna().all()
    assert scores["score"][170:].mean() > scores["score"][:170].mean() + 0.5


def gotorb_scores(data):
    assert len(scores_of(data, "gotorb_stamps")) == 60


def gmadet_scores(data):
    assert len(scores_of(data, "gmadet_stamps")) == 5


def fourmost_parts(data):
    """Every part of the data set holds every class, and the old system's files come back as they were."""
    import pandas as pd

    from pipeline.io.results.cutout_file import open_cutouts
    from pipeline.io.tables.table_file import read_table

    (path,) = data.glob("fourmost/all/all/BuildDataset-*.h5")
    with open_cutouts(path) as opened:
        rows, (split, _) = opened.candidates(), opened.split()
    assert (pd.crosstab(split, rows["label"]) >= 10).all(axis=None)
    for old in sorted((data.parent / "datasets").rglob("*.fits")):
        (new,) = (data.parent / "datasets_again").rglob(old.name)
        pd.testing.assert_frame_equal(read_table(new), read_table(old), check_dtype=False)


def galaxy10_parts(data):
    """Every part of the data set holds all ten classes in the shares of the recipe, and images come back as bytes."""
    import h5py
    import numpy as np

    from pipeline.io.results.cutout_file import open_cutouts

    (path,) = data.glob("galaxy10/all/files/BuildDataset-*.h5")
    with open_cutouts(path) as opened:
        rows, (split, _) = opened.candidates(), opened.split()
        assert len(opened.header.class_names) == 10
    np.testing.assert_allclose(np.bincount(split) / len(rows), [0.6, 0.3, 0.1], atol=0.05)
    with h5py.File(data.parent / "again.h5") as file:
        assert file["images"].shape == (1000, 32, 32, 3)
        assert file["images"].dtype == np.uint8


CHECKS = {
    "psat-ml": psat_scores,
    "gotorb": gotorb_scores,
    "gmadet-otrain": gmadet_scores,
    "4most": fourmost_parts,
    "galaxy10": galaxy10_parts,
}
FILES = {"psat-ml": psat, "gotorb": gotorb, "gmadet-otrain": gmadet, "4most": fourmost, "galaxy10": galaxy10}


def run(line):
    """Run one command of a page in this process and return its exit code."""
    import luigi.retcodes
    from luigi.task_register import Register

    from commands.main import main

    words = [
        found
        for word in shlex.split(line)
        for found in (sorted(map(str, Path().glob(word))) if "*" in word else [word])
    ]
    if words[0] == "nightsift":
        return main(words[1:])
    assert words[0] == "luigi", line
    Register.clear_instance_cache()
    with pytest.raises(SystemExit) as finished:
        luigi.retcodes.run_with_retcodes(words[1:])
    return finished.value.code


@pytest.fixture
def luigi_again():
    """Let luigi run one command after the other in this process: its lock is by process and command."""
    import luigi.configuration

    import tasks  # noqa: F401  (sets luigi up)

    settings = luigi.configuration.get_config()
    settings.set("core", "no_lock", "true")
    yield
    settings.remove_option("core", "no_lock")


@pytest.mark.usefixtures("luigi_again")
@pytest.mark.replaces("psat-ml", "P2")
@pytest.mark.replaces("psat-ml", "P13")
@pytest.mark.replaces("gotorb", "G16")
@pytest.mark.replaces("gmadet", "O16")
@pytest.mark.replaces("galaxy10", "Z3")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_the_commands_of_a_page_run_on_the_files_of_the_old_system(page, legacy, tmp_path, monkeypatch):
    folder = tmp_path / "mine"
    folder.mkdir()
    FILES[page.stem](legacy, folder)
    monkeypatch.chdir(folder)
    for name in ("NIGHTSIFT_DATA", "NIGHTSIFT_CONFIG", "NIGHTSIFT_STAMPS"):
        monkeypatch.delenv(name, raising=False)
    found = commands(page)
    assert len(found) > 5
    for line in found:
        if line.startswith("export "):
            name, _, value = line.removeprefix("export ").partition("=")
            monkeypatch.setenv(name, value)
        else:
            assert run(line) == 0, line
    CHECKS[page.stem](folder / "data")
