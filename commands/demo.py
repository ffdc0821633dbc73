"""``nightsift demo``: the main job end to end, with the seconds each stage took."""

import re
import resource
import subprocess
import sys
import time

from pipeline.errors import SettingsError
from pipeline.io import settings_files

_TOOK = re.compile(r"(\w+) took ([\d.]+) s: (\S+)")
_NOISE = ("INFO: Informed", "DEBUG", "INFO: [pid", "INFO: Worker", "INFO: Running", "INFO: Done scheduling")
_COMMAND = ("luigi", "--module", "tasks", "PlotResults", "--survey")


def demo(survey: str) -> int:
    """Run the command that a user would type, sum its stages up, and say where the report is.

    Parameters
    ----------
    survey : str
        A survey whose files a task draws (``made: true``), so that it needs none.

    Returns
    -------
    int
        Exit code of the command.

    Raises
    ------
    SettingsError
        If the survey needs files of its own, or there is none of the name.
    """
    if not _is_drawn(survey):
        drawn = ", ".join(filter(_is_drawn, settings_files.names("surveys")))
        raise SettingsError(f"surveys/{survey}.yaml: the demo shows drawn surveys (`made: true`): {drawn}")
    command = (*_COMMAND, survey, "--local-scheduler")
    sys.stdout.write(f"$ {' '.join(command)}\n")
    sys.stdout.flush()
    began = time.monotonic()
    seconds: dict[str, list[float]] = {}
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *command], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
    ) as process:
        for line in process.stdout or ():
            match = _TOOK.search(line)
            if match:
                seconds.setdefault(match[1], []).append(float(match[2]))
            if match or not line.startswith(_NOISE):
                sys.stdout.write(line)
                sys.stdout.flush()
        code = process.wait()
    _summary(seconds, time.monotonic() - began)
    return code or _report(survey, is_new=bool(seconds))


def _is_drawn(survey: str) -> bool:
    return settings_files.raw("surveys", survey).get("made") is True


def _summary(seconds: dict[str, list[float]], total: float) -> None:
    sys.stdout.write("\nstage                  runs  seconds\n")
    sys.stdout.writelines(f"{name:22} {len(took):4}  {sum(took):7.1f}\n" for name, took in seconds.items())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    runs = sum(map(len, seconds.values()))
    sys.stdout.write(f"{'all':22} {runs:4}  {total:7.1f}   peak memory {peak:.1f} GB\n")


def _report(survey: str, *, is_new: bool) -> int:
    from tasks import PlotResults

    found = PlotResults(survey=survey).output().path / "index.html"
    sys.stdout.write(f"\nThe report{'' if is_new else ', which was there already'}: {found}\n")
    return 0
