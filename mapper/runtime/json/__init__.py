"""JSON at run time: nesting, locations, canonical bytes, and bodies that are decoded only in part."""
