"""Schemas: a JSON Schema file is loaded, and asked what it admits within a budget of steps."""
