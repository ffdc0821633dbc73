"""The diagram of a model in its card, as a flow chart in Mermaid, which most readers of Markdown draw.

The layers of a network are those of its Keras file, which is read as JSON, without Keras. What only computes with
pixels, as normalisations and turns do, is no layer and is left out; a layer without weights stands with the one before.

Tested by tests/models/packages/test_layer_diagram.py.
"""

import json
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

MOST_BOXES: Final = 48
"""A network of more boxes is told by how many layers of each kind it has, in their order."""

_LAYERS: Final = "keras.layers"
_ATTACHED: Final = frozenset(
    {"Activation", "BatchNormalization", "Dropout", "ELU", "GaussianDropout", "LayerNormalization", "LeakyReLU",
     "PReLU", "ReLU", "Softmax", "SpatialDropout2D", "ZeroPadding2D"}
)  # fmt: skip


@dataclass(frozen=True, kw_only=True)
class Box:
    """A box of a diagram.

    Attributes
    ----------
    name : str
        Distinct from that of any other box.
    label : str
        What it says; lines are divided by line feeds.
    sources : tuple of str
        Names of the boxes that arrows lead from.
    """

    name: str
    label: str
    sources: tuple[str, ...]


def flow_chart(boxes: Sequence[Box]) -> str:
    """Return boxes and arrows as a block of Markdown.

    Examples
    --------
    >>> print(flow_chart([Box(name="in", label="pixels", sources=()), Box(name="out", label="score", sources=("in",))]))
    ```mermaid
    flowchart TD
        n0["pixels"]
        n1["score"]
        n0 --> n1
    ```
    """
    place = {box.name: f"n{number}" for number, box in enumerate(boxes)}
    nodes = [f'    {place[box.name]}["{_escaped(box.label)}"]' for box in boxes]
    arrows = [
        f"    {place[source]} --> {place[box.name]}" for box in boxes for source in box.sources if source in place
    ]
    return "\n".join(["```mermaid", "flowchart TD", *nodes, *arrows, "```"])


def model_diagram(package: Mapping[str, Any], keras_file: Path | None) -> str:
    """Return the section with the diagram of a model, from what goes in to its score.

    Parameters
    ----------
    package : mapping
        Content of ``package.json``.
    keras_file : Path or None
        ``model.keras`` of a network; may be missing, as it is of any other model.
    """
    inner = keras_boxes(keras_file) if keras_file is not None and keras_file.is_file() else [_of_features(package)]
    first = Box(name="given", label=_given(package), sources=())
    ends = {box.name for box in inner} - {source for box in inner for source in box.sources}
    whole = [first, *(_fed(box, first.name) for box in inner), *_scored(package, tuple(sorted(ends)))]
    return "## Layers\n\n" + flow_chart(whole)


def stack_diagram(package: Mapping[str, Any]) -> str:
    """Return the section with the diagram of a stack: its members, their weights and what is made of the sum."""
    first = Box(name="given", label=_given(package), sources=())
    members = [
        Box(name=one["folder"], label=f"{one['folder']}\nweight {one['weight']:.3f}", sources=(first.name,))
        for one in package["members"]
    ]
    total = Box(name="sum", label="weighed sum of calibrated logits", sources=tuple(one.name for one in members))
    return "## Layers\n\n" + flow_chart([first, *members, total, *_scored(package, (total.name,))])


def keras_boxes(file: Path) -> list[Box]:
    """Return the layers of a network in their order; a box without sources takes what goes into the network.

    Parameters
    ----------
    file : Path
        A ``.keras`` file.
    """
    with zipfile.ZipFile(file) as archive:
        config = json.loads(archive.read("config.json"))
    boxes = _attached(list(_layers(_innermost(config)["config"]["layers"])))
    return boxes if len(boxes) <= MOST_BOXES else [_counted(boxes)]


def _innermost(config: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the network within a network that looks at turned copies with it; any other as it is."""
    within = [layer for layer in config["config"]["layers"] if "layers" in layer["config"]]
    others = [layer for layer in config["config"]["layers"] if _is_layer(layer) and layer not in within]
    only = within[0] if len(within) == 1 and all(layer["class_name"] == "Average" for layer in others) else None
    return config if only is None else _innermost(only)


def _is_layer(layer: Mapping[str, Any]) -> bool:
    return str(layer.get("module") or "").startswith(_LAYERS) and layer["class_name"] != "InputLayer"


def _layers(layers: Sequence[Mapping[str, Any]]) -> Iterator[Box]:
    """Yield the layers, each with the layers before it, whatever computes between them."""
    before: dict[str, tuple[str, ...]] = {}
    for layer in layers:
        name = layer["name"]
        given = dict.fromkeys(_sources(layer.get("inbound_nodes", [])))
        found = tuple(dict.fromkeys(source for one in given for source in before.get(one, ())))
        shown = _is_layer(layer) or "layers" in layer["config"]
        before[name] = (name,) if shown else found
        if shown:
            yield Box(name=name, label=_label(layer), sources=found)


def _sources(node: Any) -> Iterator[str]:
    """Yield the names of the layers that a node takes."""
    if isinstance(node, Mapping):
        if "keras_history" in node:
            yield str(node["keras_history"][0])
        for value in node.values():
            yield from _sources(value)
    elif isinstance(node, list):
        for value in node:
            yield from _sources(value)


def _label(layer: Mapping[str, Any]) -> str:
    config, words = layer["config"], [str(layer["class_name"])]
    if "layers" in config:
        return f"{config.get('name', layer['name'])}: {sum(map(_is_layer, config['layers']))} layers"
    for key in ("kernel_size", "pool_size"):
        if isinstance(config.get(key), list):
            words.append(" x ".join(map(str, config[key])))
    words += [str(config[key]) for key in ("filters", "units", "rate") if config.get(key) is not None]
    activation = config.get("activation")
    if isinstance(activation, str) and activation != "linear":
        words.append(activation)
    return f"{words[0]} {', '.join(words[1:])}".strip()


def _attached(boxes: Sequence[Box]) -> list[Box]:
    """Return boxes where one without weights has joined that before it, if nothing else follows that."""
    followers = Counter(source for box in boxes for source in box.sources)
    kept: dict[str, Box] = {}
    now: dict[str, str] = {}
    for box in boxes:
        sources = tuple(dict.fromkeys(now[source] for source in box.sources))
        alone = len(box.sources) == 1 and followers[box.sources[0]] == 1
        if alone and box.label.split()[0] in _ATTACHED:
            last = kept[sources[0]]
            kept[last.name] = Box(name=last.name, label=f"{last.label}\n{box.label}", sources=last.sources)
            now[box.name] = last.name
            continue
        now[box.name] = box.name
        kept[box.name] = Box(name=box.name, label=box.label, sources=sources)
    return list(kept.values())


def _counted(boxes: Sequence[Box]) -> Box:
    kinds = Counter(line.split()[0] for box in boxes for line in box.label.split("\n"))
    told = "\n".join(f"{count} {kind}" for kind, count in kinds.most_common())
    return Box(name="network", label=f"{kinds.total()} layers\n{told}", sources=())


def _given(package: Mapping[str, Any]) -> str:
    contract, side = package["input"], package["input"]["size_pixel"]
    what = (
        f"{', '.join(contract['channels'])}\n{side} x {side} pixels"
        if side > 1
        else f"{len(contract['channels'])} columns"
    )
    normalisation = package.get("normalisation", {}).get("name", "none")
    return what + (f"\nnormalisation {normalisation}" if normalisation not in ("none", "") else "")


def _of_features(package: Mapping[str, Any]) -> Box:
    features = package.get("external_features")
    measured = f"{len(features['columns'])} {features['name']} features\n" if features else ""
    return Box(name="model", label=f"{measured}{package['classifier']}", sources=())


def _fed(box: Box, first: str) -> Box:
    return box if box.sources else Box(name=box.name, label=box.label, sources=(first,))


def _scored(package: Mapping[str, Any], ends: tuple[str, ...]) -> list[Box]:
    method = package["calibration"]["method"]
    score = "score" if len(package["classes"]) == 2 else "probabilities"
    if method == "none":
        return [Box(name="score", label=score, sources=ends)]
    calibration = Box(name="calibration", label=f"calibration {method}", sources=ends)
    return [calibration, Box(name="score", label=score, sources=(calibration.name,))]


def _escaped(label: str) -> str:
    return label.replace("&", "&amp;").replace('"', "&quot;").replace("<", "&lt;").replace("\n", "<br>")
