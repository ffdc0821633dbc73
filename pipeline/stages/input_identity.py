"""What of a survey's settings and files decides what the input of its nights is, for the fingerprint of the frozen.

Tested by tests/tasks/test_fingerprints.py.
"""

from collections.abc import Iterable, Mapping
from typing import Final

from pipeline.io.alerts.message_schemas import schema_digests
from pipeline.io.database.query_files import query_digests

_WHERE: Final = ("source", "input", "longitude_deg", "mjd_night_offset_days")
"""Settings that say where rows and images are, and which night is theirs."""


def deciding_content(
    content: Mapping[str, object], input_settings: Mapping[str, object], label_tables: Iterable[str]
) -> dict[str, object]:
    """Return where the input is, what its queries ask, and the schemas of its messages.

    Parameters
    ----------
    content : mapping
        The survey's settings as parsed, less what decides nothing.
    input_settings : mapping
        Its ``input``, all of it.
    label_tables : iterable of str
        The reference tables that its labels and cleaning name.
    """
    schemas = schema_digests(input_settings)
    return {
        "survey": {key: content.get(key) for key in _WHERE},
        "queries": query_digests(input_settings, label_tables),
        **({"schemas": schemas} if schemas else {}),
    }
