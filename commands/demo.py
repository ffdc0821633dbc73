"""``nightsift demo``: the main job end to end, with the seconds each stage took."""

import re
import resource
import subprocess
import sys
import time

_TOOK = re.compile(r"(\w+) took ([\d.]+) s: (\S+)")
_NOISE = ("INFO: Informed", "DEBUG", "INFO: [pid", "INFO: Worker", "INFO: Running", "INFO: Done scheduling")
COMMAND = ("luigi", "--module", "tasks", "PlotResults", "--local-scheduler")


def demo() -> int:
    """Run the command that a user would type, sum its stages up, and say where the report is."""
    sys.stdout.write(f"$ {' '.join(COMMAND)}\n")
    sys.stdout.flush()
    began = time.monotonic()
    seconds: dict[str, list[float]] = {}
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-m", *COMMAND], stderr=subprocess.STDOUT, stdout=subprocess.PIPE, text=True
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
    return code or _report(is_new=bool(seconds))


def _summary(seconds: dict[str, list[float]], total: float) -> None:
    sys.stdout.write("\nstage                  runs  seconds\n")
    sys.stdout.writelines(f"{name:22} {len(took):4}  {sum(took):7.1f}\n" for name, took in seconds.items())
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**20
    runs = sum(map(len, seconds.values()))
    sys.stdout.write(f"{'all':22} {runs:4}  {total:7.1f}   peak memory {peak:.1f} GB\n")


def _report(*, is_new: bool) -> int:
    from tasks import PlotResults

    found = PlotResults().output().path / "index.html"
    sys.stdout.write(f"\nThe report{'' if is_new else ', which was there already'}: {found}\n")
    return 0
