"""The `layer2 channels` commands."""
