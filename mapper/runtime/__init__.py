"""Runtime: all that generated code may import."""
