"""The `layer2 demo` command: a guided tour through all families."""
