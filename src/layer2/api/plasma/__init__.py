"""HTTP services of plasma: operators and watchers of both chains, and their clients."""
