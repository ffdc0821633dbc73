import pytest

from pipeline.datasets.leakage import Separation
from pipeline.report.binary.caveats import binary_caveats, judged_by_nobody
from pipeline.report.caveats import separated

SEPARATION = Separation(
    divided_by="sky cells", overlapping_share=0.952, lost_share=0.128, training=267, validation=113, unplaced=0,
    cells=31, cell_arcsec=248.0,
).facts()  # fmt: skip


def numbers(**changes):
    counts = {
        "real": 376,
        "bogus": 85,
        "judged": 461,
        "judged_groups": 300,
        "not_scored_in_part": 0,
        "labelled_not_scored": 0,
        "left_out_learned": {},
        "perhaps_learned": {},
        "label_sources": {"real": {"sso": 200}, "bogus": {"eye": 85}},
    }
    return {
        "judged_part": "test",
        "separations": [SEPARATION],
        "counts": counts | changes.pop("counts", {}),
        "classifier": "cnn",
        "models": {"cnn": {"survey": {"base_rate": None}}},
        "column_alone": {"magnitude": 0.8, "snr": None},
    } | changes


def test_few_bogus_a_telling_column_and_the_labels_are_caveats():
    words = " ".join(binary_caveats(numbers()))
    assert "With 85 bogus" in words
    assert "magnitude 0.80" in words
    assert "real by sso (200); bogus by eye (85)" in words


def test_scores_at_the_base_rate_come_with_a_caveat():
    model = {"survey": {"base_rate": 0.001}, "calibration": {"weighed": True, "prevalence": 0.001}}
    words = [line for line in binary_caveats(numbers(models={"cnn": model})) if "calibrated to" in line]
    assert len(words) == 1
    assert "a share of reals of 0.10 %, and 81.6 % of these rows are real" in words[0]


def test_figures_on_training_rows_come_with_the_gravest_caveat_first():
    assert "trained on" in binary_caveats(numbers(judged_part="train"))[0]


def test_rows_that_could_not_be_scored_are_told():
    assert (
        "7 rows of this part, 0 of them labelled, could not be scored"
        in binary_caveats(numbers(counts={"not_scored_in_part": 7}))[-1]
    )


BAD_PSF = {"images": 4, "poor": 2, "poor_above": 0.1, "worst_residual_fraction": 0.25, "worst_chi2": 62.04}


def test_injections_with_a_psf_unlike_the_stars_come_with_a_caveat():
    given = numbers(psfs={**BAD_PSF, "without_stars": 0}, counts={"injected": 300})
    (words,) = [line for line in binary_caveats(given) if "PSF" in line]
    assert words.startswith("Sources were injected into 2 of 4 images with a PSF that puts more than 10 % of")
    assert "the worst 25 %, chi² 62.0" in words
    assert words.endswith("300 of the 376 judged reals are injected.")


@pytest.mark.parametrize("psfs", [{}, None])
def test_injections_whose_psfs_are_not_at_hand_come_with_a_caveat(psfs):
    (words,) = [line for line in binary_caveats(numbers(psfs=psfs, counts={"injected": 300})) if "PSF" in line]
    assert words.startswith("300 of the 376 judged reals are injected, and there is no record of their PSFs")
    assert not [line for line in binary_caveats(numbers(psfs=psfs, counts={"injected": 0})) if "PSF" in line]


def test_injections_with_a_psf_that_nobody_judged_come_with_a_caveat():
    given = numbers(psfs={"images": 4, "poor": 0, "without_stars": 3}, counts={"injected": 0})
    (words,) = [line for line in binary_caveats(given) if "PSF" in line]
    assert words.startswith("3 of 4 images had no stars to compare the PSF")


@pytest.mark.parametrize("psfs", [{}, {"images": 4, "poor": 0, "without_stars": 0}])
def test_good_psfs_and_none_need_no_caveat(psfs):
    assert not [line for line in binary_caveats(numbers(psfs=psfs)) if "PSF" in line]


def test_rows_left_out_and_rows_that_may_have_been_learned_from_are_told():
    left = {"cnn": {"train": 30, "validation": 7}}
    (words,) = [line for line in binary_caveats(numbers(counts={"left_out_learned": left})) if "left out" in line]
    assert words.startswith("cnn: 30 training and 7 validation rows were left out")
    told = binary_caveats(numbers(counts={"perhaps_learned": {"cnn": 71}}))
    assert told[0].startswith("Whether the classifier learned from these rows cannot be known for cnn (71 rows)")


def test_rows_left_out_by_the_ids_of_another_survey_may_be_others():
    left = {"cnn": {"train": 1500, "validation": 258}}
    unlike = {"cnn": {"survey": {"trained": "synthetic_large", "scored": "synthetic_rates"}}}
    told = binary_caveats(numbers(counts={"left_out_learned": left}, unlike_training=unlike))
    (words,) = [line for line in told if "left out" in line]
    assert words.endswith(
        "because candidates of survey synthetic_large that it learned from have the same ids; if both surveys number "
        "their candidates alike, these may be different ones."
    )


def test_scores_of_another_survey_or_pixel_scale_than_the_model_learned_from_are_told():
    unlike = {
        "survey": {"trained": "ztf", "scored": "lsst"},
        "pixel_scale_arcsec": {"trained": 1.01, "scored": 0.2},
    }
    words = binary_caveats(numbers(unlike_training={"cnn": unlike}))[0]
    assert words.startswith(
        "cnn: a model trained on survey ztf with pixels of 1.01 arcsec scores survey lsst with pixels of 0.2 arcsec."
    )
    (alone,) = [line for line in binary_caveats(numbers(unlike_training={"cnn": {"survey": unlike["survey"]}}))
                if "trained on survey ztf scores survey lsst." in line]  # fmt: skip
    assert "arcsec" not in alone


def test_what_a_data_set_dropped_for_shared_pixels_is_told_with_both_shares():
    assert separated(numbers()["separations"]) == [
        "Data set: no cutout of the training, validation or test part shares a pixel with another part. For this, the "
        "sky was divided into 31 cells of 248 arcsec, each in one part only, because 95.2 % of the training rows would "
        "overlap another part if groups of rows were divided; 267 training rows (12.8 %) and 113 validation rows that "
        "overlap another part were dropped."
    ]
    assert [line[:7] for line in separated([SEPARATION, None, SEPARATION])] == [
        "Fold 0:",
        "Fold 2:",
    ]
    assert separated([]) == []


def test_a_data_set_that_does_not_say_what_overlaps_is_a_caveat():
    assert not [line for line in binary_caveats(numbers()) if "overlap" in line]
    (words,) = [line for line in binary_caveats(numbers(separations=[SEPARATION, None])) if "overlap" in line]
    assert "does not say whether cutouts of its training rows overlap" in words
    (words,) = [
        line for line in binary_caveats(numbers(separations=[SEPARATION | {"unplaced": 9}])) if "overlap" in line
    ]
    assert words.startswith("9 rows of the data set state neither")


@pytest.mark.parametrize(
    ("real", "bogus", "said"),
    [
        ({"injected": 40}, {"bogus_draw": 618}, True),
        ({"injected": 40}, {"self_made": 9, "bogus_draw": 618}, True),
        ({"injected": 40}, {"eyeball": 1, "bogus_draw": 618}, False),
        ({"injected": 39, "mover": 1}, {"bogus_draw": 618}, False),
        ({}, {"bogus_draw": 618}, False),
    ],
)
def test_figures_that_rest_on_no_verdict_at_all_say_so(real, bogus, said):
    given = numbers(counts={"label_sources": {"real": real, "bogus": bogus}})
    words = judged_by_nobody(given["counts"])
    assert words.startswith("Nobody judged these rows") == said
    assert [line for line in binary_caveats(given) if "Nobody judged" in line] == ([words] if said else [])
