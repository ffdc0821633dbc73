"""The page of explained scores: rows with heat maps and neighbours, maps of their vectors, importance of features.

Tested by tests/models/explaining/test_explain_scores.py.
"""

from pipeline.report.explain.data import ExplainedMember, ExplainedRows
from pipeline.report.explain.page import explained_page

__all__ = ["ExplainedMember", "ExplainedRows", "explained_page"]
