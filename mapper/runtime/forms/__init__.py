"""Forms: a body of application/x-www-form-urlencoded becomes an object of texts."""
