"""How pages are filled in: everything that comes from data is escaped, and a name without a value is an error."""

import jinja2

from pipeline.report.wording import count, number, per_cent


def template(name: str) -> jinja2.Template:
    """Return one of the templates of this folder."""
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pipeline.report", "."),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {"number": number, "per_cent": per_cent, "count": count}
    return environment.get_template(name)
