"""Access to an Ethereum chain: connection, signing, sending, contracts, logs, deployments, devnets."""

import os

# Set early, because eth_hash reads it at the first hash (web3 hashes on import). The C implementation is five times
# faster.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
