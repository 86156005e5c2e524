"""Search: payloads that prove a claim about a program, run before they are shown."""
