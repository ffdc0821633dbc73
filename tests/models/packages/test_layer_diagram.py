import json
import re
import zipfile

from models.packages.layer_diagram import keras_boxes, model_diagram, stack_diagram


def layer(name, kind, *sources, module="keras.layers", **config):
    history = [{"config": {"keras_history": [source, 0, 0]}} for source in sources]
    return {
        "name": name, "class_name": kind, "module": module, "config": config,
        "inbound_nodes": [{"args": history, "kwargs": {}}] if sources else [],
    }  # fmt: skip


def keras_file(path, *layers):
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", json.dumps({"class_name": "Functional", "config": {"layers": list(layers)}}))
    return path


PLAIN = (
    layer("cutouts", "InputLayer"),
    layer("scaled", "Multiply", "cutouts", module="keras.src.ops.numpy"),
    layer("conv", "Conv2D", "scaled", filters=8, kernel_size=[3, 3], activation="linear"),
    layer("relu", "ReLU", "conv"),
    layer("mean", "GlobalAveragePooling2D", "relu"),
    layer("peak", "GlobalMaxPooling2D", "relu"),
    layer("both", "Concatenate", "mean", "peak"),
    layer("dense", "Dense", "both", units=4, activation="relu"),
)


def arrows(section):
    names = dict(re.findall(r'(n\d+)\["([^"]*)"\]', section))
    return {(names[one], names[other]) for one, other in re.findall(r"(n\d+) --> (n\d+)", section)}


def test_forks_are_drawn_and_layers_without_weights_stand_with_the_one_before(tmp_path):
    boxes = {box.name: box for box in keras_boxes(keras_file(tmp_path / "model.keras", *PLAIN))}
    assert list(boxes) == ["conv", "mean", "peak", "both", "dense"]
    assert boxes["conv"].label == "Conv2D 3 x 3, 8\nReLU"
    assert boxes["conv"].sources == ()
    assert boxes["both"].sources == ("mean", "peak")
    assert boxes["dense"].label == "Dense 4, relu"


def test_the_network_that_sees_turned_copies_is_drawn_once(tmp_path):
    within = layer("inner", "Functional", "cutouts", "turned", module="keras.src.models.functional", layers=list(PLAIN))
    turned = layer("turned", "Flip", "cutouts", module="keras.src.ops.numpy")
    whole = keras_file(tmp_path / "m.keras", PLAIN[0], turned, within, layer("mean_logit", "Average", "inner", "inner"))
    assert [box.name for box in keras_boxes(whole)] == ["conv", "mean", "peak", "both", "dense"]


def test_a_deep_network_is_told_by_its_kinds(tmp_path):
    layers = [PLAIN[0]]
    for number in range(60):
        layers.append(layer(f"c{number}", "Conv2D", layers[-1]["name"], filters=8))
    (box,) = keras_boxes(keras_file(tmp_path / "deep.keras", *layers))
    assert box.label == "60 layers\n60 Conv2D"


def test_the_diagram_of_a_package_leads_from_its_channels_to_its_score(network):
    package = json.loads((network.package / "package.json").read_text())
    found = arrows(model_diagram(package, network.package / "model.keras"))
    given = "science, template, difference<br>15 x 15 pixels<br>normalisation asinh"
    assert {one for one, _ in found} - {other for _, other in found} == {given}
    assert ("calibration platt", "score") in found
    assert ("Dense 1", "calibration platt") in found
    assert "```mermaid\nflowchart TD\n" in (network.package / "card.md").read_text()


def test_the_diagram_of_features_has_their_number_and_that_of_a_stack_its_members(ensemble):
    package = json.loads((ensemble.package / "package.json").read_text())
    features = f"{len(package['external_features']['columns'])} physical features<br>feature_ensemble"
    assert (features, "calibration platt") in arrows(model_diagram(package, None))
    members = [{"folder": "00-a", "weight": 0.25}, {"folder": "01-b", "weight": 0.75}]
    found = arrows(stack_diagram({**package, "members": members}))
    assert ("01-b<br>weight 0.750", "weighed sum of calibrated logits") in found
    assert ("weighed sum of calibrated logits", "calibration platt") in found
