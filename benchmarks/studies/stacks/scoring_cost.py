"""What scoring with stacks costs beside their members: ``python -m benchmarks.studies.stacks.scoring_cost STACK ROWS``.

STACK is the package of a stack of a model of features and a network, ROWS a cutout file or data set that it can score.
Processor time is measured, on one core, so that other programs on the machine matter little.
"""

import argparse
import dataclasses
import time
from pathlib import Path

import numpy as np

from models.scoring.runtime import load
from models.scoring.stacked import StackedPackage
from pipeline.errors import InputError
from pipeline.io.results.cutout_file import open_cutouts

ROWS = 1024
"""Cutouts that are scored; a file with fewer is repeated."""
REPEATS = 5
SEEDS, FOLDS = 3, 5


def main() -> int:
    """Print processor time for each cutout, of members, of the stack, and of stacks with seeds and folds."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("stack", type=Path)
    parser.add_argument("rows", type=Path)
    options = parser.parse_args()
    stack = load(options.stack, threads=1)
    if not isinstance(stack, StackedPackage):
        raise InputError(f"{options.stack} is no stack")
    with open_cutouts(options.rows) as file:
        pixels, channels = file.pixels(slice(0, min(ROWS, len(file)))), file.header.channels
    pixels = np.resize(pixels, (ROWS, *pixels.shape[1:]))
    print("| what | processor time a cutout | beside the first |\n|---|---|---|")
    first = 0.0
    for what, package in _variants(stack).items():
        package.predict(pixels[:32], channels)
        spent = [_seconds(package, pixels, channels) for _ in range(REPEATS)]
        first = first or min(spent)
        print(f"| {what} | {1e6 * min(spent) / ROWS:,.0f} µs | {min(spent) / first:.2f} |", flush=True)
    return 0


def _variants(stack: StackedPackage) -> dict[str, StackedPackage]:
    """Return stacks of one member each, then the stack, then those with seeds and folds."""
    members = dict(zip((str(entry["classifier"]) for entry in stack.content["members"]), stack.members, strict=True))
    found = {f"`{name}`": [member] for name, member in members.items()}
    found[" + ".join(found)] = list(members.values())
    for name, member in members.items():
        found[f"`{name}`, {SEEDS} seeds"] = [member] * SEEDS
    found[f"both, {FOLDS} folds"] = [member for member in members.values() for _ in range(FOLDS)]
    return {what: _of(stack, some) for what, some in found.items()}


def _of(stack: StackedPackage, members: list) -> StackedPackage:
    weights = (1.0 / len(members),) * len(members)
    return dataclasses.replace(stack, members=tuple(members), weights=weights)


def _seconds(package: StackedPackage, pixels: np.ndarray, channels: tuple[str, ...]) -> float:
    began = time.process_time()
    package.predict(pixels, channels)
    return time.process_time() - began


if __name__ == "__main__":
    raise SystemExit(main())
