"""Inference: the type of each value of a program, from the schema of its source."""
