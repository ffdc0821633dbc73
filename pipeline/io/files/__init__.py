"""Files of any kind: limits on their size, compression, digests, caches, CSV and YAML, names and storage."""
