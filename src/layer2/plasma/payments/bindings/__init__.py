"""Errors of the root chain, generated from its ABI and NatSpec."""
