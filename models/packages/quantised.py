"""A package whose convolutions compute with whole numbers of 8 bits, calibrated and judged as such.

The ranges of the numbers are those of training rows, so that validation rows judge them. Weights have 7 bits: with 8,
processors without VNNI instructions would lose digits that others keep, and give other scores.

Tested by tests/models/packages/test_quantised.py.
"""

import dataclasses
import logging
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

import numpy as np
import pandas as pd

from models.graphs.runtimes import INT8, Runtime
from models.packages.calibrating import Calibrated, calibrate
from models.packages.outlier_limits import fit_outliers
from models.packages.package import COPIED, write_package
from models.packages.trained_files import HELD_LOGITS, MODEL, TrainedFiles, missing_in_first, with_gaps
from models.recipes.classifier import ClassifierRecipe
from models.training import batches
from models.training.fitted import Progress, no_progress
from models.training.rows import scorable_rows, select_rows
from pipeline.datasets.dataset import DataSet
from pipeline.errors import IncompatiblePackageError
from pipeline.scores.class_calibration import probabilities_of

RANGE_ROWS: Final = 512
"""Training rows at least, as far as there are so many, whose largest and smallest numbers set the ranges."""

_KINDS: Final = ["Conv", "MaxPool", "Relu"]
"""Operations of whole numbers; normalisation and dense layers stay float32."""


def write_calibrated(
    directory: Path,
    trained: TrainedFiles,
    dataset: DataSet,
    recipe: ClassifierRecipe,
    *,
    provenance: Mapping[str, object],
    survey: Mapping[str, float] = MappingProxyType({}),
    progress: Progress = no_progress,
    out_of_fold: pd.DataFrame | None = None,
) -> None:
    """Calibrate a trained model and write its package into an empty directory, in the precision that a recipe asks for.

    Parameters
    ----------
    directory : Path
        Exists; nothing stays outside it.
    trained : TrainedFiles
        The model, float32.
    dataset : DataSet
        What it was trained on.
    recipe : ClassifierRecipe
        How it is calibrated, and in which precision it scores; with ``int8``, how its merits differ stands in the
        package.
    provenance : mapping
        As of `write_package`.
    survey : mapping of str to float, optional
        As of `calibrate`.
    progress : callable
        Called with the share done (0 ... 1) and a message.

    Raises
    ------
    IncompatiblePackageError
        When ``int8`` is asked for and the network has no convolution, and as of `write_package`.
    InputError, DataSetError
        As of `calibrate`.
    out_of_fold : DataFrame, optional
        As for `calibrate`.
    """
    calibrated = calibrate(trained, dataset, recipe, survey=survey, progress=progress, out_of_fold=out_of_fold)
    if recipe.scoring_precision != INT8:
        outliers = fit_outliers(trained, dataset, recipe)
        write_package(directory, trained, calibrated, provenance=provenance, outliers=outliers)
        return
    with tempfile.TemporaryDirectory(prefix="nightsift-") as folder:
        whole = quantised(trained, calibrated, dataset, Path(folder))
        again = calibrate(whole, dataset, recipe, survey=survey)
        accuracy = _accuracy(calibrated, again)
        write_package(directory, whole, again, provenance=provenance, beside={"accuracy": accuracy})


def quantised(trained: TrainedFiles, calibrated: Calibrated, dataset: DataSet, folder: Path) -> TrainedFiles:
    """Return the trained network with a graph of 8-bit numbers, written into a folder; it has no dropout samples."""
    for name in COPIED:
        if (trained.directory / name).is_file():
            shutil.copyfile(trained.directory / name, folder / name)
    quantise(trained, list(_ranges(trained, calibrated, dataset)), folder / MODEL)
    content = {**trained.content, "runtime": Runtime(precision=INT8).stated, "posterior_masks": []}
    whole = dataclasses.replace(trained, directory=folder, content=content)
    held = whole.logits(with_gaps(calibrated.held), missing_in_first(calibrated.held_metadata))
    np.save(folder / HELD_LOGITS, held, allow_pickle=False)
    return whole


def _ranges(trained: TrainedFiles, calibrated: Calibrated, dataset: DataSet) -> Iterator[dict[str, Any]]:
    """Yield what the graph takes for training rows, block by block."""
    import onnx

    (first,) = [entry.name for entry in onnx.load_model(trained.directory / MODEL).graph.input][:1]
    seen, scorable = 0, scorable_rows(dataset, trained.contract)
    for block in batches.blocks(dataset, trained.contract, select_rows(dataset, calibrated.recipe, scorable)[0]):
        given = trained.inputs(block.pixels, block.metadata)
        yield {first: given.first, **given.more}
        seen += len(given.first)
        if seen >= RANGE_ROWS:
            return


def quantise(trained: TrainedFiles, feeds: list[dict[str, Any]], path: Path) -> None:
    """Write the graph of a trained network with convolutions of 8-bit numbers, whose ranges are those of some rows.

    Raises
    ------
    IncompatiblePackageError
        When it has no convolution.
    """
    import onnx
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    if not any(node.op_type == "Conv" for node in onnx.load_model(trained.directory / MODEL).graph.node):
        raise IncompatiblePackageError(
            f"{trained.content['classifier']} has no convolution, so that int8 would gain nothing; allowed: float32"
        )

    class Rows(CalibrationDataReader):  # type: ignore[misc]
        def __init__(self) -> None:
            self.left = iter(feeds)

        def get_next(self) -> dict[str, Any] | None:
            return next(self.left, None)

    prepared = path.with_suffix(".prepared.onnx")
    chatter, level = logging.getLogger(), logging.getLogger().level
    chatter.setLevel(logging.ERROR)  # the root logger is where the library says what it does
    try:
        quant_pre_process(str(trained.directory / MODEL), str(prepared), skip_symbolic_shape=True)
        quantize_static(
            str(prepared),
            str(path),
            Rows(),
            quant_format=QuantFormat.QDQ,
            op_types_to_quantize=_KINDS,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
        )
    finally:
        chatter.setLevel(level)
        prepared.unlink(missing_ok=True)


def _accuracy(float32: Calibrated, int8: Calibrated) -> dict[str, object]:
    """Return metrics of both on the validation rows that judge, and the largest difference of their probabilities."""
    names = [name for name in float32.logits if name.startswith("logit")]
    probabilities = [
        probabilities_of(one.calibration, one.logits[names].to_numpy(np.float64)) for one in (float32, int8)
    ]
    return {
        "rows": len(float32.logits),
        "largest_difference": float(np.abs(probabilities[0] - probabilities[1]).max()),
        "float32": dict(float32.metrics),
        INT8: dict(int8.metrics),
    }
