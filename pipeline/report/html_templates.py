"""The HTML templates of this folder, filled in by Jinja: what comes from data is escaped, a missing value is an error.

Characters that would command a terminal, or change the direction of a text, are shown as Python writes them.

Tested by tests/pipeline/report/test_candidates.py.
"""

import jinja2

from pipeline.redaction import harmless
from pipeline.report.wording import count, number, per_cent


def html_template(name: str) -> jinja2.Template:
    """Return a template of this folder by the name of its file, such as ``index.html``."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report", "."),
        autoescape=True,
        finalize=_readable,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "per_cent": per_cent, "count": count}
    return environment.get_template(name)


def _readable(value: object) -> object:
    """Return a value as it is shown; text that comes from data passes `harmless`, so that it cannot forge a page."""
    is_page = hasattr(value, "__html__")  # made here
    return harmless(value) if isinstance(value, str) and not is_page else value
