"""Delivery: events leave the spool for their destinations."""
