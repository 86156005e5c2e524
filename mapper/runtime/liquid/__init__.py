"""Liquid at run time: lookups, filters and output of templates, lowered or interpreted by the library."""
