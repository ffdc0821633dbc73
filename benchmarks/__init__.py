"""The performance budget as ratios, each beside its naive counterpart in one run: ``python -m benchmarks``."""
