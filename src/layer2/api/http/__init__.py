"""The HTTP layer that all services share: limits, JSON, typed errors, metrics and clients."""
