"""Codegen: ir in, Python source out."""
