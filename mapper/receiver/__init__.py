"""Receiver: requests of vendors are authenticated, made durable, and become events. An optional part."""
