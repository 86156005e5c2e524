"""Configuration: the file of a receiver, the secrets and profiles that it names, as data."""
