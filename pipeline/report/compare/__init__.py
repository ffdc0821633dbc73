"""Champion against challenger on the same rows: what differs, who changes side, what a night would lose and gain.

Tested by tests/pipeline/report/compare/test_numbers.py and tests/pipeline/stages/test_compare_models.py.
"""

from pipeline.report.compare.data import Comparison, Side
from pipeline.report.compare.numbers import comparison_numbers
from pipeline.report.compare.page import comparison_page

__all__ = ["Comparison", "Side", "comparison_numbers", "comparison_page"]
