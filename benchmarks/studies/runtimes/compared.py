"""Ways to run the graph of a package, and that of packages: ``python -m benchmarks.studies.runtimes.compared``.

Seconds of CPU count, since other work on the cores takes turns with ours; all ways are tried in each of several rounds,
in an order drawn anew. OpenVINO is compared where it is installed. Prints a table in Markdown.
"""

import importlib
import importlib.util
import statistics
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from benchmarks.inputs import draw_cutouts, half_real, write_package
from models.graphs.sessions import CHUNK, open_session, run
from models.scoring import runtime

GRAPHS: Final = (*((name, size) for size in (63, 31) for name in ("braai", "triplet_cnn", "vgg6")), ("boosting", 31))
ROUNDS: Final = 7
THREADS: Final = 2
OURS: Final = "as packages do"
Way = Callable[[NDArray[np.float32]], NDArray[np.float32]]


def main() -> None:
    """Make each package, and print how fast each way is and how far its scores lie from those of the package."""
    print("| network | way | speed in CPU | in time passed | largest difference |\n|---|---|---|---|---|")
    with tempfile.TemporaryDirectory(prefix="nightsift-runtimes-") as name:
        for classifier, size in GRAPHS:
            folder = Path(name) / f"{classifier}{size}"
            trees = classifier == "boosting"
            write_package(folder, classifier, size, "none" if trees else "asinh")
            inputs = _features(folder, 8192) if trees else draw_cutouts(half_real(24_000 // size), size, 1)
            ways = dict(_ways(folder / "model.onnx", folder.with_suffix(".trained"), inputs, trees=trees))
            for way, (cpu, passed, difference) in _compared(ways, inputs).items():
                print(f"| {classifier}, {size} | {way} | {cpu:.2f} | {passed:.2f} | {difference:.0e} |", flush=True)


def _features(folder: Path, rows: int) -> NDArray[np.float32]:
    columns = runtime.load(folder).content["external_features"]["columns"]
    return np.random.default_rng(1).normal(size=(rows, len(columns))).astype(np.float32)


def _compared(ways: dict[str, Way], inputs: NDArray[np.float32]) -> dict[str, tuple[float, float, float]]:
    """Return by way how many times as fast it is as ours, in CPU and in time passed, and how far its scores lie off."""
    rng, wanted = np.random.default_rng(1), ways[OURS](inputs)
    off = {name: float(np.abs(way(inputs) - wanted).max()) for name, way in ways.items()}
    seconds: dict[str, list[tuple[float, float]]] = {name: [] for name in ways}
    for _ in range(ROUNDS):
        for name in rng.permutation(list(ways)):
            began = time.process_time(), time.perf_counter()
            ways[name](inputs)
            seconds[name].append((time.process_time() - began[0], time.perf_counter() - began[1]))
    return {name: (*(_ratio(seconds[OURS], seconds[name], clock) for clock in (0, 1)), off[name]) for name in ways}


def _ratio(ours: list[tuple[float, float]], others: list[tuple[float, float]], clock: int) -> float:
    return statistics.median(a[clock] / b[clock] for a, b in zip(ours, others, strict=True))


def _ways(graph: Path, trained: Path, inputs: NDArray[np.float32], *, trees: bool) -> Iterator[tuple[str, Way]]:
    import onnxruntime

    levels = onnxruntime.GraphOptimizationLevel
    yield OURS, partial(run, open_session(graph), threads=THREADS)
    for rows in (8, CHUNK, 128, 256, 512):
        yield f"chunks of {rows}", partial(_in_chunks, _session(graph), rows)
    for rows in (128, 512):
        yield f"threads within operations, {rows} rows", partial(_in_chunks, _session(graph, threads=THREADS), rows)
    for level in (levels.ORT_DISABLE_ALL, levels.ORT_ENABLE_BASIC, levels.ORT_ENABLE_EXTENDED):
        yield f"optimised by {level.name}", partial(_in_chunks, _session(graph, level=level), CHUNK)
    if trees:
        return
    int8 = _quantised(trained, inputs)
    yield "int8", partial(_in_chunks, _session(int8), CHUNK)
    if importlib.util.find_spec("openvino"):
        for rows in (8, CHUNK):
            yield f"OpenVINO float32, {rows} rows", _openvino(graph, rows, "f32")
        yield "OpenVINO bfloat16, 8 rows", _openvino(graph, 8, "bf16")
        yield "OpenVINO int8, 8 rows", _openvino(int8, 8, "f32")


def _session(graph: Path, *, threads: int = 1, level: Any = None) -> tuple[Any, int]:
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads, options.log_severity_level = threads, 3
    if level is not None:
        options.graph_optimization_level = level
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"]), threads


def _in_chunks(session: tuple[Any, int], rows: int, inputs: NDArray[np.float32]) -> NDArray[np.float32]:
    opened, within = session
    name, wanted = opened.get_inputs()[0].name, [opened.get_outputs()[0].name]
    starts = range(0, len(inputs), rows)
    with ThreadPoolExecutor(max(1, THREADS // within)) as pool:
        found = pool.map(lambda first: opened.run(wanted, {name: inputs[first : first + rows]})[0], starts)
        return np.concatenate(list(found))


def _quantised(trained: Path, inputs: NDArray[np.float32]) -> Path:
    """Return the graph of 8-bit numbers, under the calibration of float32; speed does not depend on its ranges."""
    import onnx

    from models.graphs.calibrated_graph import with_calibration
    from models.packages import quantised, trained_files
    from pipeline.scores.calibration import IDENTITY

    files, path = trained_files.read(trained), trained.with_suffix(".int8.onnx")
    quantised.quantise(files, [{"cutouts": inputs[:256]}], path)
    path.write_bytes(with_calibration(onnx.load_model(path), IDENTITY).SerializeToString())
    return path


def _openvino(graph: Path, rows: int, precision: str) -> Way:
    library = importlib.import_module("openvino")
    hints = {"INFERENCE_PRECISION_HINT": precision, "NUM_STREAMS": THREADS, "INFERENCE_NUM_THREADS": THREADS}
    queue = library.AsyncInferQueue(library.Core().compile_model(str(graph), "CPU", hints), THREADS)

    def way(inputs: NDArray[np.float32]) -> NDArray[np.float32]:
        starts = range(0, len(inputs), rows)
        found: list[Any] = [None] * len(starts)

        def keep(request: Any, place: int) -> None:
            found[place] = request.get_output_tensor(0).data.copy()

        queue.set_callback(keep)
        for place, first in enumerate(starts):
            queue.start_async({0: library.Tensor(inputs[first : first + rows], shared_memory=True)}, place)
        queue.wait_all()
        return np.concatenate(found)

    return way


if __name__ == "__main__":
    main()
