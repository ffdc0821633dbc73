import pytest

from pipeline.classes import CLASS_NAMES, MOST_CLASSES, class_faults
from pipeline.errors import SettingsError
from pipeline.fingerprint import what_decides
from pipeline.settings import parse
from pipeline.surveys.settings import SurveySettings

COMMON = {
    "source": "table",
    "telescope": "toy",
    "longitude_deg": 0.0,
    "pixel_scale_arcsec": 1.0,
    "channels": ["science"],
    "cutout_size_pixel": 8,
    "closed": {"after_hours": 1},
    "defaults": {"dataset": "toy", "classifier": "boosting"},
    "input": {},
}


def settings(**changes):
    return parse(SurveySettings, COMMON | changes, "surveys/toy.yaml")


def test_a_survey_without_classes_tells_real_from_bogus():
    assert settings().class_names == CLASS_NAMES == ("bogus", "real")
    assert settings().kind == "cutouts"


def test_a_survey_names_its_classes_the_negative_one_first():
    assert settings(classes=["Others", "ELG", "LRG"]).class_names == ("Others", "ELG", "LRG")


@pytest.mark.parametrize(
    ("names", "fault"),
    [
        (["galaxy"], "classes has 1 names; allowed: 2 to 127"),
        ([f"c{i}" for i in range(MOST_CLASSES + 1)], "classes has 128 names"),
        (["a", "b", "a"], "classes name 'a' twice; allowed: each once"),
        (["star", "STAR"], "classes name 'STAR' twice .as 'star'."),
        (["a", ""], "classes names ''; allowed: text of one line"),
        (["a", " b"], "classes names ' b'; allowed"),
        (["a", "b\nc"], r"classes names 'b\\nc'; allowed"),
        (["None", "a"], "classes names 'None', which means a row without a label"),
        (["a", "unlabelled"], "classes names 'unlabelled', which means"),
        (["a", "nan"], "classes names 'nan', which means"),
        (["a", "1"], "classes names '1', which reads as a code"),
        (["a", "-1.0"], "classes names '-1.0', which reads as a code"),
    ],
)
def test_names_that_cannot_tell_classes_apart_are_refused(names, fault):
    with pytest.raises(SettingsError, match=f"surveys/toy.yaml: {fault}"):
        settings(classes=names)


def test_every_fault_of_the_names_is_said_at_once():
    assert len(class_faults(["", "none", "2", "a", "a"])) == 4


def test_an_unknown_kind_is_refused():
    with pytest.raises(SettingsError, match="'kind' is 'spectra'; allowed: cutouts, images, table"):
        settings(kind="spectra")


def test_the_classes_decide_the_labels_and_the_kind_decides_everything():
    content = COMMON | {"kind": "table", "classes": ["a", "b"]}
    assert "classes" not in what_decides(SurveySettings, content)
    assert "classes" in what_decides(SurveySettings, content, "labelling")
    assert "kind" in what_decides(SurveySettings, content)


def test_vetoes_are_conditions_on_classes_that_the_survey_has():
    classes = {"classes": ["Others", "BG", "QSO"]}
    assert settings(**classes, vetoes={"BG": "snr > 18"}).vetoes == {"BG": "snr > 18"}
    with pytest.raises(SettingsError, match="vetoes name the class 'LRG'; allowed: BG, QSO"):
        settings(**classes, vetoes={"LRG": "snr > 18"})
    with pytest.raises(SettingsError, match="vetoes name the class 'Others'; allowed: BG, QSO"):
        settings(**classes, vetoes={"Others": "snr > 18"})
    assert settings(**classes, overrides={"Others": "snr > 18"}).overrides == {"Others": "snr > 18"}
    with pytest.raises(SettingsError, match="overrides name the class 'LRG'; allowed: Others, BG, QSO"):
        settings(**classes, overrides={"LRG": "snr > 18"})
    with pytest.raises(SettingsError, match="vetoes: QSO: the expression 'snr - p_1' gives numbers"):
        settings(**classes, vetoes={"QSO": "snr - p_1"})
    with pytest.raises(SettingsError, match=r"vetoes: BG: .* names no column of the table with 'snrr' .*'snr'"):
        settings(**classes, vetoes={"BG": "snrr > 18"})
    with pytest.raises(SettingsError, match="names no column of the table with 'label'"):
        settings(**classes, overrides={"BG": "label == 1"})
    with pytest.raises(SettingsError, match="allowed: none of a survey with two classes"):
        settings(vetoes={"real": "snr < 5"})


@pytest.mark.parametrize(
    ("diagrams", "words"),
    [
        ([["g - r"]], r"colour_diagrams has \['g - r'\]; allowed: pairs"),
        ([["g - r", "r > z"]], "colour_diagrams has 'r > z', which is true or false; allowed: numbers"),
        ([["g - r", "import os"]], "colour_diagrams"),
    ],
)
def test_planes_of_colours_are_pairs_of_expressions(diagrams, words):
    classes = {"classes": ["Others", "BG", "QSO"]}
    assert settings(**classes, colour_diagrams=[["g - r", "r - z"]]).colour_diagrams == (("g - r", "r - z"),)
    with pytest.raises(SettingsError, match=words):
        settings(**classes, colour_diagrams=diagrams)
    with pytest.raises(SettingsError, match="colour_diagrams are of the report of classes, and the survey has none"):
        settings(colour_diagrams=[["g - r", "r - z"]])
