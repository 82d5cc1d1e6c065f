"""Access to an Ethereum chain: connection, signing, sending, contracts, logs, deployments, devnets."""

import os

# Set here, because eth_hash reads it once, at its first hash, and web3 hashes early. The C code is five times faster.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
