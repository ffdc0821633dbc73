"""Labels: a chain of providers, the strongest first; every row keeps which one labelled it.

A provider looks at candidates and reference tables and says real, bogus or nothing for each candidate. The first
provider to give a verdict wins; if a weaker one disagrees, the survey's rule ``conflicts`` decides what happens to the
row.
"""

from pipeline.labels import bogus_draw, catalogues, injected, lists, movers, teacher, variables
from pipeline.labels.chain import (
    ChainLink,
    Labelling,
    examine_chain,
    label_candidates,
    parse_chain,
    settle,
)
from pipeline.labels.providers import LABEL_PROVIDERS, Tables, Verdict, near, near_movers
from pipeline.labels.references import EPHEMERIS, Reference

__all__ = [
    "EPHEMERIS",
    "LABEL_PROVIDERS",
    "ChainLink",
    "Labelling",
    "Reference",
    "Tables",
    "Verdict",
    "bogus_draw",
    "catalogues",
    "examine_chain",
    "injected",
    "label_candidates",
    "lists",
    "movers",
    "near",
    "near_movers",
    "parse_chain",
    "settle",
    "teacher",
    "variables",
]
