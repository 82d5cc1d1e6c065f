"""Proposer and challenger: assert states, and prove wrong assertions wrong."""
