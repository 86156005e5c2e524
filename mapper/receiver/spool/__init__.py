"""Spool: requests, their outcomes and the queues of their events on disk."""
