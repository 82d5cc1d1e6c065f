"""The deployed coin chain: calls, events and exit proofs."""
