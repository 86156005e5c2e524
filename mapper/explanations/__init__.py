"""Explanations: one page a code, `M301.yaml`; `mapper.codes.explain` reads them."""
