"""The deployed root chain: calls, events, and the proofs that an exit needs."""
