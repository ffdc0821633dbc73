import pytest

from models.inputs.metadata_rules import FORBIDDEN, MetadataRecipe
from models.recipes.classifier import ClassifierRecipe
from pipeline.errors import SettingsError

ZTF = {
    "labels": ("ssdistnr", "ssmagnr", "host_offset_arcsec", "bts_type", "flags"),
    "scores": ("rb", "drb", "drbversion", "score", "braai_score", "reliability", "fink_gcvs"),
    "dates": ("jd", "jdstarthist", "time_mjd", "night", "nid", "midpointMjdTai", "hjd", "obsjd", "airmass"),
    "fields": ("field", "rcid", "rfid", "pid", "programid", "ra", "dec", "xpos", "ypos", "x_pixel", "detector",
               "ra_deg", "x", "y", "htmId20"),
    "sources": ("src_repo", "src_path", "candid", "objectId", "tblid", "n_copies", "publisher", "schemavsn", "part",
                "diaSourceId", "diaObjectId"),
    "history": ("ndethist", "ncovhist", "n_prv", "age", "nDiaSources"),
    "magnitudes": ("magpsf", "magap", "sgmag1", "srmag1", "magnr", "maggaia", "diffmaglim", "magzpsci", "sigmapsf",
                   "magnitude", "magnitude_error", "snr", "scorr", "psfFlux", "zeropoint"),
}  # fmt: skip
MEASURED = (
    *("fwhm", "fwhm_pixel", "classtar", "distpsnr1", "sgscore1", "distnr", "sharpnr", "chinr", "nbad", "nneg", "elong"),
    *("seeratio", "aimage", "bimage", "aimagerat", "bimagerat", "neargaia", "sumrat", "chipsf", "sky", "flux_sign"),
    *("isdiffpos", "edge_fraction", "nan_fraction", "exptime", "ranking", "decimals"),
)


@pytest.mark.parametrize(("rule", "column"), [(rule, column) for rule, names in ZTF.items() for column in names])
def test_columns_that_give_labels_away_are_refused_with_the_reason(rule, column):
    with pytest.raises(SettingsError, match=f"'columns' names '{column}', forbidden by the rule"):
        MetadataRecipe(columns=("fwhm_pixel", column))
    with pytest.raises(SettingsError, match=f"by the rule '{rule}' .*{FORBIDDEN[rule].why}; leave it out"):
        MetadataRecipe(columns=("fwhm_pixel", column), forbidden=(rule,))


@pytest.mark.parametrize("column", MEASURED)
def test_what_was_measured_on_the_source_is_allowed(column):
    assert MetadataRecipe(columns=(column,)).columns == (column,)


@pytest.mark.parametrize("column", ["NDETHIST", "Jd", "MagPSF", "RB"])
def test_case_hides_nothing(column):
    with pytest.raises(SettingsError, match="forbidden by the rule"):
        MetadataRecipe(columns=(column,))


def test_the_singular_of_a_rule_does_not_switch_it_off():
    with pytest.raises(SettingsError, match="'magpsf', forbidden by the rule 'magnitude'"):
        MetadataRecipe(columns=("magpsf",), forbidden=("magnitude",))


def test_nor_does_the_case_of_a_rule():
    with pytest.raises(SettingsError, match="'magpsf', forbidden by the rule 'Magnitudes'"):
        MetadataRecipe(columns=("magpsf",), forbidden=("Magnitudes",))


@pytest.mark.parametrize("column", ["label", "label_source", "Kind"])
def test_no_setting_allows_the_label(column):
    with pytest.raises(SettingsError, match=f"'columns' names '{column}', forbidden .* it is the label; leave it out"):
        MetadataRecipe(columns=(column,), forbidden=())


def test_the_list_is_a_setting():
    assert MetadataRecipe(columns=("magpsf",), forbidden=("dates", "scores")).columns == ("magpsf",)
    with pytest.raises(SettingsError, match=r"names 'Elong', forbidden by 'el\*' of 'forbidden'; leave it out"):
        MetadataRecipe(columns=("Elong",), forbidden=("el*",))


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"columns": []}, r"'columns' is \[\]; allowed: at least one name, each once"),
        ({"columns": ["elong", "elong"]}, "each once"),
        ({"columns": ["elong"], "units": 0}, "'units' is 0; allowed: at least 1"),
        ({"columns": ["jd", "field"]}, "'jd', forbidden by the rule 'dates' .*'field', forbidden by the rule 'fields'"),
        ({"columns": ["elong"], "scaled": True}, "unknown key 'metadata.scaled'"),
        ({"units": 4}, "'metadata.columns' is missing"),
    ],
)
def test_a_recipe_says_all_that_is_wrong(settings, message):
    with pytest.raises(SettingsError, match=message):
        ClassifierRecipe.from_mapping({"classifier": "triplet_cnn", "metadata": settings}, "r.yaml")


def test_a_network_of_your_own_takes_none():
    with pytest.raises(SettingsError, match="'metadata' is set; 'classifier: module' takes pixels alone"):
        ClassifierRecipe(classifier="module", module="m.py", metadata=MetadataRecipe(columns=("elong",)))


def test_a_recipe_without_metadata_states_what_it_did():
    plain = ClassifierRecipe(classifier="triplet_cnn")
    assert "metadata" not in plain.stated
    seen = ClassifierRecipe(classifier="triplet_cnn", metadata=MetadataRecipe(columns=("elong",)))
    assert seen.stated["metadata"] == {"columns": ("elong",), "units": 16, "forbidden": tuple(FORBIDDEN)}
    assert set(seen.stated) - set(plain.stated) == {"metadata"}
