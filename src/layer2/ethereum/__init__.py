"""Access to an Ethereum chain: connection, signing, sending, contracts, logs, deployments, devnets."""

import os

# Read once, when eth_hash first hashes (web3 does so early): the C implementation is five times faster.
os.environ.setdefault("ETH_HASH_BACKEND", "pysha3")
