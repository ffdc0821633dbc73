import numpy as np
import pytest

from models.networks.network import NetworkDesign, build
from models.recipes.classifier import load
from pipeline.errors import SettingsError
from pipeline.io import settings_files


def built(n_classes=5, n_channels=17, **settings):
    design = NetworkDesign(
        classifier="mlp",
        normalisation="none",
        settings=settings,
        n_classes=n_classes,
        size_pixel=1,
        n_channels=n_channels,
    )
    return build(design, 1)


@pytest.mark.replaces("4most", "M6")
def test_the_preset_of_4most_has_19200_weights_and_stops_by_the_validation_part():
    recipe = load(settings_files.raw("classifiers", "mlp_4most"), "mlp_4most")
    model = built(**recipe.settings)
    assert model.count_params() == 17 * 128 + 128 * 128 + 128 * 5 == 19_200
    assert (recipe.monitor, recipe.schedule_monitor) == ("validation_macro_f1", "validation_loss")
    assert (recipe.batch_size, recipe.epochs, recipe.learning_rate, recipe.optimizer) == (256, 400, 1e-3, "adam")
    assert recipe.plateau_minimum == 1e-6


@pytest.mark.replaces("4most", "M6")
@pytest.mark.parametrize(("activation", "function"), [
    ("tanh", np.tanh),
    ("relu", lambda sums: np.maximum(sums, 0)),
    ("selu", lambda sums: 1.0507009873554805 * np.where(sums > 0, sums, 1.6732632423543772 * np.expm1(sums))),
    ("prelu", lambda sums: np.where(sums > 0, sums, 0.3 * sums)),
])  # fmt: skip
def test_logits_are_those_of_the_layers_by_hand(activation, function):
    model = built(2, 3, units=[4], activation=activation, dropout_rate=0.2)
    rng = np.random.default_rng(0)
    kernel, bias, last, constant = (rng.normal(size=size).astype(np.float32) for size in ((3, 4), 4, (4, 1), 1))
    slopes = [np.full(4, 0.3, np.float32)] if activation == "prelu" else []
    model.set_weights([kernel, bias, *slopes, last, constant])
    rows = rng.normal(size=(6, 1, 1, 3)).astype(np.float32)
    wanted = function(rows[:, 0, 0] @ kernel + bias) @ last + constant
    np.testing.assert_allclose(np.asarray(model(rows)), wanted, atol=1e-5)


def test_batch_normalisation_penalties_and_constants_are_settings():
    plain = built(3, 4, units=[8, 6], use_bias=False)
    assert plain.count_params() == 4 * 8 + 8 * 6 + 6 * 3
    assert built(3, 4, units=[8, 6]).count_params() == plain.count_params() + 8 + 6 + 3
    assert built(3, 4, units=[8, 6], use_bias=False, batch_normalisation=True).count_params() == (
        plain.count_params() + 4 * (8 + 6)
    )
    model = built(3, 4, units=[8], l1_penalty=0.01, l2_penalty=0.1, use_bias=False)
    kernel = model.get_weights()[0].astype(np.float64)
    assert float(sum(model.losses)) == pytest.approx(0.01 * np.abs(kernel).sum() + 0.1 * (kernel**2).sum(), rel=1e-5)


@pytest.mark.parametrize(("settings", "allowed"), [
    ({"activation": "sigmoid"}, "one of tanh, relu, selu, prelu"),
    ({"initializer": 3}, "one of lecun_normal"),
    ({"use_bias": "no"}, "true or false"),
    ({"units": [128, 0]}, "a list, each a whole number"),
    ({"l2_penalty": -1.0}, "a number from 0"),
])  # fmt: skip
def test_a_setting_that_cannot_be_is_named(settings, allowed):
    with pytest.raises(SettingsError, match=f"'settings.{next(iter(settings))}' is .*; allowed: {allowed}"):
        load({"classifier": "mlp", "settings": settings}, "mine")
