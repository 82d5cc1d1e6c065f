"""The `layer2 plasma` commands."""
