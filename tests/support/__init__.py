"""Support: what several test modules use; each module here says in a sentence what it is for."""
