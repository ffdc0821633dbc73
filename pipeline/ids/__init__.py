"""Ids as text: kept as written, hashed, held in few bytes, and checked for being rounded or unmatched."""
