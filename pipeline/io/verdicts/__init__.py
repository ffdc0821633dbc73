"""What people said of candidates, append-only, in SQLite or PostgreSQL.

Tested by tests/pipeline/io/verdicts/test_store.py.
"""

from pipeline.io.verdicts.store import VerdictStore, append, open_store, read, undo
from pipeline.io.verdicts.verdict import COLUMNS, STATES, UNDO, Verdict

__all__ = ["COLUMNS", "STATES", "UNDO", "Verdict", "VerdictStore", "append", "open_store", "read", "undo"]
