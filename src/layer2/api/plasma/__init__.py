"""The services of plasma over HTTP: operators and watchers of both chains, and their clients."""
