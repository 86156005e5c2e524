"""Regex: regular expressions of schemas and paths, matched in linear time; the texts that they admit."""
