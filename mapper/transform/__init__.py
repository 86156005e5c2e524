"""Transform: the callable a mapping becomes, its results, and its stored form."""
