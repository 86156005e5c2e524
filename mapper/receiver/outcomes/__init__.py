"""Outcomes: requests are mapped; rejected items are listed and mapped again."""
