"""Authoring: payloads become schemas and mappings that an engineer can start from."""
