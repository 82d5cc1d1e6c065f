"""Floor 4: HTTP services of the nodes, and their clients."""
