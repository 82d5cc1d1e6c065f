"""Derivation of the rollup's state from L1 alone, and proofs of accounts in it."""
