"""The watcher: reads every block and every exit, judges, and acts."""
