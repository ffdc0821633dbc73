"""Each task alone, on files that exist."""

import json

import pandas as pd
import pytest

from pipeline.io.results.dataset_file import open_dataset
from pipeline.io.results.scores_file import read_scores

TINY = ("--survey", "tiny")


def test_a_data_set_from_cutout_files_and_a_classifier_from_a_data_set(project, tmp_path):
    nights = zip("ab", project.results("FetchCutouts"), strict=True)
    files = [path.rename(tmp_path / f"{night}.h5") for night, path in nights]
    project.forget(*{path.name.partition("-")[0] for path in project.results()})
    project.make("BuildDataset", *TINY, "--cutouts", ",".join(map(str, files)))
    (dataset,) = project.data.glob("tiny/all/files/BuildDataset-*.h5")
    with open_dataset(dataset) as rows:
        assert all(len(rows.candidates(part)) for part in ("train", "validation", "test"))
    assert project.results() == [dataset]

    given = dataset.rename(tmp_path / "given.h5")
    project.make("CalibratePackage", *TINY, "--dataset-file", str(given))
    assert (project.result("CalibratePackage") / "model.onnx").is_file()
    project.make("Infer", *TINY, "--dataset-file", str(given))
    assert len(read_scores(project.result("Infer"))) > 0
    assert {path.name.partition("-")[0] for path in project.results()} == {
        "TrainClassifier",
        "CalibratePackage",
        "Infer",
    }


def test_scores_of_a_cutout_file_with_a_package_need_nothing_else(project, tmp_path):
    project.results("FetchCutouts")[1].rename(tmp_path / "night.h5")
    project.result("CalibratePackage").rename(tmp_path / "package")
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    expected = read_scores(there)
    project.forget(*{path.name.partition("-")[0] for path in project.results()})
    project.make("Infer", *TINY, "--cutouts", "night.h5", "--package", "package", folder=tmp_path)
    (scores,) = project.data.glob("tiny/r1/files/Infer-package-*.parquet")
    pd.testing.assert_series_equal(read_scores(scores)["score"], expected["score"])
    assert project.results() == [scores]


@pytest.mark.replaces("psat-ml", "P9")
def test_named_candidates_and_objects_alone_are_scored(project, tmp_path):
    (whole,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    known = read_scores(whole)
    chosen = known.iloc[[3]]["candidate_id"].tolist() + known.iloc[[7]]["object_id"].tolist()
    (tmp_path / "again.txt").write_text("\n".join(chosen))
    project.make("Infer", *TINY, "--night", "2026-01-02", "--only", f"@{tmp_path}/again.txt")
    (some,) = set(project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")) - {whole}
    expected = known[known["candidate_id"].isin(chosen) | known["object_id"].isin(chosen)].reset_index(drop=True)
    pd.testing.assert_frame_equal(read_scores(some), expected, atol=1e-6)
    refused = project.luigi("Infer", *TINY, "--night", "2026-01-02", "--only", "c-none")
    assert refused.code == 30
    assert refused.line("'c-none' is no candidate and no object of FetchCutouts")


def test_a_night_scored_as_it_is_read_gives_the_same_scores_and_keeps_no_cutouts(project):
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    expected = read_scores(there)
    project.forget("Infer", "FetchCutouts", "PlotResults")
    project.make("Infer", *TINY, "--night", "2026-01-02", "--stream")
    pd.testing.assert_frame_equal(read_scores(there), expected, atol=1e-6)
    assert project.results("FetchCutouts") == []
    project.make("Infer", *TINY, "--night", "2026-01-02")
    assert project.results("FetchCutouts") == []


@pytest.mark.replaces("psat-ml", "P9")
def test_objects_of_two_nights_get_one_score_each(project):
    project.make("ScoreObjects", *TINY, "--start", "2026-01-01", "--stop", "2026-01-02")
    (written,) = project.data.glob("tiny/r1/2026-01-01_2026-01-02/ScoreObjects-longest_median-*.csv")
    objects = pd.read_csv(written, dtype={"object_id": "str"})
    nights = [read_scores(path) for path in sorted(project.data.glob("tiny/r1/2026-01-0?/Infer-*.parquet"))]
    expected = pd.concat(nights).groupby("object_id")["score"].median()
    assert objects["score"].is_monotonic_increasing
    assert (objects["images_all"] > 1).any()
    pd.testing.assert_series_equal(
        objects.set_index("object_id")["score"].sort_index(), expected.sort_index(), check_dtype=False, atol=1e-6
    )


@pytest.fixture
def two_scores(project, tmp_path):
    """The scores of the data set as Parquet, and as a CSV file with labels, of fewer rows."""
    (there,) = project.data.glob("tiny/r1/2026-01-01_2026-01-02/Infer-*.parquet")
    scores = read_scores(there)
    scores.to_csv(tmp_path / "other.csv", index=False)
    return there.rename(tmp_path / "first.parquet"), tmp_path / "other.csv"


def report(project):
    (found,) = project.data.glob("tiny/r1/files/PlotResults-*")
    return found


@pytest.mark.parametrize("named", [True, False])
def test_a_report_of_scores_files(project, two_scores, named):
    rows = project.result("BuildDataset")
    project.forget("PlotResults")
    scores = ",".join(map(str, two_scores))
    arguments = ("--scores", scores, "--replicates", "10", *(("--rows", str(rows)) if named else ()))
    project.make("PlotResults", *TINY, *arguments)
    assert (report(project) / "index.html").is_file()
    metrics = json.loads((report(project) / "metrics.json").read_text())
    assert "first" in json.dumps(metrics)
    assert "other" in json.dumps(metrics)


def test_scores_without_labels_and_rows_say_what_to_add(project, two_scores, tmp_path):
    finished = project.luigi("PlotResults", *TINY, "--scores", str(two_scores[1]))
    assert finished.code == 30
    assert finished.line("other.csv has no labels: name the cutout file or data set with --rows")


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        ("BuildDataset", ("--cutouts", "/nowhere/a.h5")),
        ("TrainClassifier", ("--dataset-file", "/nowhere/a.h5")),
        ("Infer", ("--cutouts", "/nowhere/a.h5")),
        ("PlotResults", ("--scores", "/nowhere/a.h5")),
        ("PlotResults", ("--scores", "/nowhere/a.h5", "--rows", "/nowhere/b.h5")),
    ],
)
def test_a_file_that_is_not_there_names_itself(here, task, arguments):
    import tasks
    from pipeline.errors import MissingInputError

    given = {name[2:].replace("-", "_"): value for name, value in zip(arguments[::2], arguments[1::2], strict=True)}
    with pytest.raises(MissingInputError, match=r"no file /nowhere/a\.h5"):
        getattr(tasks, task)(survey="tiny", **given).complete()


@pytest.fixture
def stamps(project, tmp_path):
    """FITS cutouts of the rows of a night, an HDU for each channel, and the scores of the night."""
    from astropy.io import fits

    from pipeline.io.results.cutout_file import open_cutouts

    (tmp_path / "stamps").mkdir()
    with open_cutouts(project.results("FetchCutouts")[1]) as night:
        for name, pixels in zip(night.candidates()["candidate_id"], night.pixels(), strict=True):
            planes = zip(night.header.channels, pixels.transpose(2, 0, 1), strict=True)
            hdus = [fits.ImageHDU(plane, name=channel) for channel, plane in planes]
            fits.HDUList([fits.PrimaryHDU(), *hdus]).writeto(tmp_path / "stamps" / f"{name}.fits")
    (there,) = project.data.glob("tiny/r1/2026-01-02/Infer-*.parquet")
    return tmp_path / "stamps", read_scores(there).set_index("candidate_id")["score"].sort_index()


@pytest.mark.replaces("psat-ml", "P13")
def test_fits_cutouts_are_scored_in_one_command_as_the_night_is(project, stamps):
    folder, expected = stamps
    package = project.result("CalibratePackage")
    project.make("Infer", *TINY, "--files", str(folder), "--package", str(package))
    (written,) = project.data.glob("tiny/r1/files/Infer-*.parquet")
    found = read_scores(written).set_index("candidate_id")["score"].sort_index()
    pd.testing.assert_series_equal(found, expected, atol=1e-6)


@pytest.mark.replaces("psat-ml", "P13")
def test_a_file_that_cannot_be_read_is_told_by_the_exit_code_and_the_others_are_scored(project, stamps):
    folder, expected = stamps
    (folder / "broken.fits").write_bytes(b"no FITS file")
    (folder / "all.txt").write_text("".join(f"{file.name}\n" for file in sorted(folder.glob("*.fits"))))
    package = ("--package", str(project.result("CalibratePackage")))
    told = project.luigi("Infer", *TINY, "--files", f"@{folder}/all.txt", *package, "--batch-size", "2")
    assert told.code == 30
    assert told.line(f"1 of {len(expected) + 1} files were not scored, the first {folder}/broken.fits: cannot read")
    (written,) = project.data.glob("tiny/r1/files/Infer-*.parquet")
    assert len(read_scores(written)) == len(expected)
    clash = project.luigi("Infer", *TINY, "--files", str(folder), "--night", "2026-01-02", *package)
    assert clash.line("--files names what is scored; leave out --night")


def test_the_history_of_objects_keeps_each_visit_with_its_score_label_and_package(project):
    from pipeline.io.results.cutout_file import open_cutouts
    from pipeline.io.results.object_history import read_history

    nights = ("--nights", "2026-01-01..2026-01-02")
    project.make("ScoreObjects", *TINY, *nights, "--rule", "median", "--history")
    project.make("ScoreObjects", *TINY, *nights, "--rule", "median")
    (written,) = project.data.glob("tiny/r1/2026-01-01_2026-01-02/ScoreObjects-median-history-*.parquet")
    (objects,) = project.data.glob("tiny/r1/2026-01-01_2026-01-02/ScoreObjects-median-*.csv")
    visits = read_history(written)
    scores = pd.concat([read_scores(path) for path in sorted(project.data.glob("tiny/r1/2026-01-0?/Infer-*.parquet"))])
    labels = pd.concat([open_cutouts(path).candidates() for path in project.results("FetchCutouts")])
    for known, columns in ((scores, ["score", "label_predicted", "model", "night"]), (labels, ["label", "telescope"])):
        expected = known.set_index("candidate_id")[columns].sort_index()
        found = visits.set_index("candidate_id")[columns].sort_index()
        pd.testing.assert_frame_equal(found, expected, check_dtype=False)
    assert visits.groupby("object_id")["time_mjd"].apply(lambda times: times.is_monotonic_increasing).all()
    assert set(visits["survey"]) == {"tiny"}
    one = visits.drop_duplicates("object_id").set_index("object_id")["object_score"].sort_index()
    expected = pd.read_csv(objects, dtype={"object_id": "str"}).set_index("object_id")["score"].sort_index()
    pd.testing.assert_series_equal(one, expected, check_names=False, atol=1e-6)
