"""The `layer2 plasma coin` commands."""
