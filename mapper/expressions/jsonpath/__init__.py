"""JSONPath: path text becomes path IR, exactly as RFC 9535 reads it."""

from mapper.expressions.jsonpath.names import is_shorthand, quote_name
from mapper.expressions.jsonpath.path_parsing import parse_path

__all__ = ["is_shorthand", "parse_path", "quote_name"]
