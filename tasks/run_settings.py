"""How a run behaves, whatever it builds: settings of no task, for the command line and ``luigi.cfg``.

Tested by tests/tasks/test_luigi_settings.py.
"""

import luigi


class nightsift(luigi.Config):  # noqa: N801  (luigi takes the name of the section from it)
    """The section ``[nightsift]`` of ``luigi.cfg``; of any task, ``--no-wait`` is an option of the command too."""

    use_cmdline_section = False
    ignore_unconsumed = {"report_url"}  # noqa: RUF012  (as luigi has it)

    no_wait = luigi.BoolParameter(
        default=False,
        description="End with exit code 10, rather than wait, where another run builds the same. [default: False]",
        always_in_help=True,
    )
