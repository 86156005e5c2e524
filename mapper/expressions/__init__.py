"""Expressions: the text of paths and templates in, ir out."""
