"""The `layer2 demo` command: a guided tour of all families."""
