"""Schemas: JSON Schema files are loaded; questions about them are answered within a budget."""
