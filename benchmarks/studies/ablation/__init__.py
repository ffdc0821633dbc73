"""What each part of the default classifier brings, and what others would: one table of ablations."""
