"""Interpreter: walks the same ir as codegen, slowly and plainly."""
