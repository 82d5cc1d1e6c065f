"""Errors of the coin chain, generated from its ABI and NatSpec."""
