"""What people said of candidates: whose votes count, what they agree on, and how well each of them judges.

Tested by tests/pipeline/people/test_votes.py.
"""
