"""Language: the text of a mapping becomes YAML nodes with spans, and these become a Spec."""
