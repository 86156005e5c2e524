"""Web: requests of vendors are authenticated and answered, and a receiver is watched."""
