"""Repair: a body that is almost JSON, put right as far as its mapping allows."""
