"""The deployed root chain: calls, events, and the proofs needed for an exit."""
