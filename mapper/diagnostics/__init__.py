"""Diagnostics: source texts and spans in them, faults with their hints, and the ways to print them."""
