"""Version: the one place that holds it; packaging, generated code and the command line read it here."""

__version__ = "0.1.0"
