"""Errors and events of the channel hub, generated from its ABI and NatSpec."""
