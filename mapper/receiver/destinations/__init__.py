"""Destinations: places that take events, each in a thread of its own."""
