"""Floor 5: HTTP services of the nodes, and their clients."""
