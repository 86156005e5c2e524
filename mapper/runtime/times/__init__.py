"""Times at run time: vendor text and numbers become RFC 3339 in UTC."""
