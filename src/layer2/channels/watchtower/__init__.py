"""The watchtower: stores the proofs of parties and answers outdated ones on chain."""
