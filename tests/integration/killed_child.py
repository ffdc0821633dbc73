"""Run one task again and again in children that are killed with -9, and print what each left behind.

Usage: killed_child.py TASK PARAMETERS KILLS, the second as JSON. Kills fall on file events (openings for
writing, renames, removals, new folders) and on moments between, both spread over an undisturbed run. It is a command
of warm_commands.py, so that most of the children's time is the task's own.
"""

import json
import os
import shutil
import signal
import sys
import time

import tasks
from pipeline.io.results.content import content_sha256


def child(task, report=None, kill_at=None):
    """Build the task in this process, kill it at a file event, or report how many there were."""
    events = 0

    def count(event, arguments):
        nonlocal events
        writes = event == "open" and isinstance(arguments[2], int) and arguments[2] & (os.O_WRONLY | os.O_RDWR)
        if writes or event in ("os.rename", "os.remove", "os.mkdir", "os.rmdir"):
            events += 1
            if events == kill_at:
                os.kill(os.getpid(), signal.SIGKILL)

    sys.addaudithook(count)
    task.run()
    if report is not None:
        os.write(report, str(events).encode())


def run(task, **options):
    """Fork a child that builds the task and return its process id."""
    process = os.fork()
    if process:
        return process
    code = 1
    try:
        child(task, **options)
        code = 0
    finally:
        os._exit(code)


def undisturbed(task):
    """Build the task; return seconds and file events."""
    readable, writable = os.pipe()
    began = time.monotonic()
    process = run(task, report=writable)
    os.close(writable)
    events = int(os.read(readable, 32) or 0)
    _, status = os.waitpid(process, 0)
    return status, time.monotonic() - began, events


def left_behind(task):
    """Return the digest of a whole result, which is then removed; empty if there is none."""
    target = task.output()
    if not target.exists():
        return ""
    digest = content_sha256(target.path)
    shutil.rmtree(target.path) if target.path.is_dir() else target.path.unlink()
    return digest


def killed(task, seconds, events, share):
    """Kill one child at a share of the file events, another at that share of the time; say what they left."""
    at = max(1, round(share * events))
    os.waitpid(run(task, kill_at=at), 0)
    yield f"file event {at} of {events}", left_behind(task)
    process = run(task)
    time.sleep(share * seconds)
    os.kill(process, signal.SIGKILL)
    os.waitpid(process, 0)
    yield f"{share * seconds:.2f} of {seconds:.2f} s", left_behind(task)


def main(name, parameters, kills):
    task = getattr(tasks, name)(**json.loads(parameters))
    status, seconds, events = undisturbed(task)
    whole = left_behind(task)
    shares = [(number + 0.5) / int(kills) for number in range(int(kills))]
    left = dict(entry for share in shares for entry in killed(task, seconds, events, share))
    orphans = len(list(task.output().path.parent.glob(".partial-*")))
    undisturbed(task)
    swept = not list(task.output().path.parent.glob(".partial-*"))
    after = content_sha256(task.output().path)
    answer = {"status": status, "whole": whole, "left": left, "orphans": orphans, "after": after, "swept": swept}
    sys.stdout.write(json.dumps(answer))


if __name__ == "__main__":
    main(*sys.argv[1:])
