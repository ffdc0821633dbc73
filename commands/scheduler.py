"""``nightsift scheduler``: luigi's central scheduler and the reports, both on 127.0.0.1 alone.

Tested by tests/integration/test_scheduler.py.
"""

import os
import socket
import sys
import threading

from commands.report_server import ADDRESS, report_server
from commands.scheduler_state import state_path
from pipeline.errors import SettingsError
from pipeline.io.settings_files import data_folder, home


def serve(port: int, report_port: int) -> int:
    """Run the scheduler in the foreground until it is stopped, with the reports served beside it."""
    refuse_busy(port, "--port")
    refuse_busy(report_port, "--report-port")
    folder = data_folder().resolve()
    folder.mkdir(parents=True, exist_ok=True)
    state = state_path(folder)
    reports = report_server(folder, report_port)
    threading.Thread(target=reports.serve_forever, daemon=True).start()
    sys.stdout.write(f"scheduler: http://{ADDRESS}:{port}   reports: http://{ADDRESS}:{report_port}\n")
    sys.stdout.flush()
    os.environ["LUIGI_CONFIG_PATH"] = str(home() / "config" / "luigid.cfg")
    os.umask(0o077)
    os.chdir(folder)  # away from the clients' luigi.cfg, which luigi would read as well
    from luigi.cmdline import luigid

    try:
        luigid(["--address", ADDRESS, "--port", str(port), "--state-path", str(state)])
    except KeyboardInterrupt:
        sys.stdout.write("stopped\n")
    finally:
        reports.shutdown()
    return 0


def refuse_busy(port: int, option: str) -> None:
    """Raise a `SettingsError` where the port cannot be listened at, before anything is started."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)  # as the servers do, after one that has just ended
        try:
            probe.bind((ADDRESS, port))
        except (OSError, OverflowError) as error:
            raise SettingsError(
                f"port {port} of {ADDRESS} cannot be used ({error}): another scheduler may run there already; "
                f"use that one, stop it, or give another with {option}"
            ) from None
