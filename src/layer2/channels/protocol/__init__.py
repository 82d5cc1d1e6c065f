"""Formats and signed messages of channels: keys, proofs, locks and their tree. Pure functions and records."""
