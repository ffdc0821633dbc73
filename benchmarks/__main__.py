"""Run the stages, each in a fresh process, and print the table: ``python -m benchmarks [STAGE ...] [--full]``."""

import argparse
import json
import logging
import os
import shutil
import subprocess
import sys
import tempfile
from dataclasses import asdict
from importlib import import_module
from pathlib import Path

from benchmarks.rows import Row

HEAD = "| what | budget | ratio | kept | measured | beside | peak memory |\n|---|---|---|---|---|---|---|"
STAGES = (
    "cutting",
    "injection",
    "simulation",
    "subtraction",
    "crowding",
    "images",
    "packets",
    "compression",
    "checksums",
    "training",
    "inference",
    "features",
    "noop",
    "report",
    "light_nights",
    "empty_nights",
    "many_files",
    "memory",
    "eyeball",
)
ROOT = Path(__file__).resolve().parents[1]
_PREPARE = """
import sys
from pathlib import Path
from benchmarks.inputs import write_package
write_package(Path(sys.argv[1]) / "package63", "braai", 63)
write_package(Path(sys.argv[1]) / "package15", "triplet_cnn", 15)
write_package(Path(sys.argv[1]) / "posterior63", "triplet_cnn", 63)
"""
_NEED_PACKAGES = {"features", "images", "inference", "memory"}


def main() -> int:
    """Print one row per budget; return 1 if a budget is exceeded."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("stages", nargs="*", metavar="STAGE", help=f"any of {', '.join(STAGES)}; none: all")
    parser.add_argument("--full", action="store_true", help="larger inputs: images of 6,144 pixels, all normalisations")
    parser.add_argument("--inside", default="", help=argparse.SUPPRESS)
    options = parser.parse_args()
    unknown = set(options.stages) - set(STAGES)
    if unknown:
        parser.error(f"unknown stage {min(unknown)!r}; known: {', '.join(STAGES)}")
    if options.inside:
        return _inside(options.stages[0], Path(options.inside), full=options.full)
    return _all(options.stages or list(STAGES), full=options.full)


def _all(stages: list[str], *, full: bool) -> int:
    holds = True
    with tempfile.TemporaryDirectory(prefix="nightsift-benchmark-") as name:
        config = shutil.copytree(ROOT / "config", Path(name) / "config")
        environment = os.environ | {
            "NIGHTSIFT_CONFIG": str(config),
            "NIGHTSIFT_DATA": str(Path(name) / "data"),
            "NIGHTSIFT_LOG": "WARNING",
        }
        if _NEED_PACKAGES & set(stages):
            subprocess.run([sys.executable, "-c", _PREPARE, name], check=True, cwd=ROOT, env=environment)
        print(HEAD, flush=True)
        for stage in stages:
            command = [sys.executable, "-m", "benchmarks", stage, "--inside", name, *(["--full"] if full else [])]
            done = subprocess.run(command, check=False, cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True)
            holds &= done.returncode == 0
            for line in done.stdout.splitlines():
                row = Row(**json.loads(line))
                holds &= row.holds
                print(_shown(row), flush=True)
    return int(not holds)


def _inside(stage: str, folder: Path, *, full: bool) -> int:
    logging.disable(logging.WARNING)
    for row in import_module(f"benchmarks.{stage}").run(folder, full=full):
        print(json.dumps(asdict(row), default=float), flush=True)
    return 0


def _shown(row: Row) -> str:
    cells = (
        row.what,
        row.budget,
        f"{row.ratio:.3g}",
        "yes" if row.holds else "no",
        row.measured,
        row.naive,
        f"{row.peak_mb:,.0f} MB",
    )
    return f"| {' | '.join(cells)} |"


if __name__ == "__main__":
    sys.exit(main())
