"""The deployed coin chain: calls, events, and the proofs that an exit needs."""
