"""Diagnostics: source texts and spans in them, what is wrong and what to do, and how that is printed."""
