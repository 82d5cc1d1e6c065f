"""The coin watcher: reads every block and every exit of coins, judges, and acts."""
