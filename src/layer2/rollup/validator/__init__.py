"""Proposer, which asserts states, and challenger, which proves invalid assertions wrong."""
