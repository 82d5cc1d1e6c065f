"""HTTP layer shared by all services: limits, JSON, typed errors, metrics and clients."""
