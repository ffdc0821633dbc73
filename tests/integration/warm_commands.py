"""Run commands in forks of one process that has imported what they need, for that costs more than their work.

Usage: warm_commands.py. Each line of standard input is a command as JSON, the answer to it its exit code. A command is
a console script of the virtual environment or the path of a Python file. It finds what a new process finds: its own
folder, environment and output, and nothing of Nightsift's tasks or of luigi, which read settings when they are
imported.
"""

import importlib
import json
import os
import runpy
import signal
import sys
import tempfile
import time
from importlib.metadata import entry_points
from pathlib import Path

IMPORTED_BEFORE = (
    "pipeline.surveys.load", "pipeline.surveys.synthetic.survey", "pipeline.stages.fetch_cutouts",
    "pipeline.stages.simulate_images", "pipeline.stages.plot_results", "pipeline.stages.build_dataset",
    "pipeline.report", "pipeline.features", "sklearn.ensemble", "skl2onnx", "matplotlib.backends.backend_agg",
    "astropy.io.fits", "astropy.wcs", "scipy.stats", "pandas", "requests", "tenacity.tornadoweb",
)  # fmt: skip
"""What most commands import."""
LONGEST_S = 280


def run(program, arguments, folder, environment, output):
    """Become a command; its end is that of this process."""
    os.setsid()
    signal.alarm(LONGEST_S)
    os.dup2(os.open(os.devnull, os.O_RDONLY), 0)
    os.dup2(os.open(output, os.O_WRONLY), 1)
    os.dup2(1, 2)
    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    time.tzset()
    tempfile.tempdir = None
    script = Path(sys.executable).parent / program  # a path that is absolute stays what it is
    sys.path[0], sys.argv = str(script.parent), [str(script), *arguments]
    if script.suffix == ".py":
        runpy.run_path(str(script), run_name="__main__")
        sys.exit()
    (entry,) = entry_points(group="console_scripts", name=program)
    sys.exit(entry.load()())


def main():
    for module in IMPORTED_BEFORE:
        importlib.import_module(module)
    for line in iter(sys.stdin.readline, ""):
        process = os.fork()
        if not process:
            run(**json.loads(line))
        _, status = os.waitpid(process, 0)
        sys.stdout.write(f"{os.waitstatus_to_exitcode(status)}\n")
        sys.stdout.flush()


if __name__ == "__main__":
    main()
