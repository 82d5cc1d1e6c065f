"""The watchtower: keeps proofs for parties and answers stale ones on the chain."""
