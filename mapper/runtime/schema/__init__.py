"""Schemas at run time: whether an event or an item fits a JSON Schema, and why not."""
