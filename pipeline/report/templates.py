"""How pages are filled in: everything that comes from data is escaped, and a name without a value is an error.

Characters that would command a terminal, or turn the direction of a text, stand as Python writes them.

Tested by tests/pipeline/report/test_candidates.py.
"""

import jinja2

from pipeline.redaction import harmless
from pipeline.report.wording import count, number, per_cent


def template(name: str) -> jinja2.Template:
    """Return one of the templates of this folder."""
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
    """Return what is shown, of a text of data what `harmless` leaves: what turns its direction forges what is read."""
    is_page = hasattr(value, "__html__")  # of our own making
    return harmless(value) if isinstance(value, str) and not is_page else value
