"""The synthetic sky beside real ZTF alerts, and what is learned from either."""
