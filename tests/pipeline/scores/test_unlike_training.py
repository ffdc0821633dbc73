import pytest

from pipeline.scores.unlike_training import unlike_words

SURVEY = {"survey": {"trained": "ztf", "scored": "atlas"}}
SCALE = {"pixel_scale_arcsec": {"trained": 1.01, "scored": 1.86}}


@pytest.mark.parametrize(
    ("unlike", "words"),
    [
        ({}, ""),
        (SURVEY, "a model trained on survey ztf scores survey atlas"),
        (
            SURVEY | SCALE,
            "a model trained on survey ztf with pixels of 1.01 arcsec scores survey atlas with pixels of 1.86 arcsec",
        ),
    ],
)
def test_both_sides_are_named(unlike, words):
    assert unlike_words(unlike) == words
