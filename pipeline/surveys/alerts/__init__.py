"""The adapters of alerts: packets, and tables with a stack of cutouts."""
