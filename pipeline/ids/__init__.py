"""Ids as text: kept as written, hashed, held in few bytes, found rounded or unmatched."""
