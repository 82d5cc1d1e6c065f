"""Floor 4: the nodes as services over HTTP, and their clients."""
