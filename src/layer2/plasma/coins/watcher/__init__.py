"""The coin watcher: reads every block and exit of coins, verifies them, and acts."""
