"""How a run behaves, whatever it builds: settings that belong to no task, for the command line and ``luigi.cfg``.

Tested by tests/tasks/test_luigi_settings.py.
"""

from pathlib import Path

import luigi

from pipeline.io.settings_files import data_folder, place_in
from pipeline.redaction import without_user


class nightsift(luigi.Config):  # noqa: N801  (luigi takes the name of the section from it)
    """The section ``[nightsift]`` of ``luigi.cfg``; of any task, ``--no-wait`` is an option of the command too."""

    use_cmdline_section = False
    ignore_unconsumed = {"report_url"}  # noqa: RUF012  (as luigi has it)

    no_wait = luigi.BoolParameter(
        default=False,
        description="End with exit code 10 instead of waiting if another run builds the same. [default: False]",
        always_in_help=True,
    )


def report_address(folder: Path) -> str:
    """Return where ``make scheduler`` shows a report of the folder of results."""
    base = without_user(luigi.configuration.get_config().get("nightsift", "report_url", ""))
    return f"{base.rstrip('/')}/{place_in(data_folder(), folder)}/index.html"
