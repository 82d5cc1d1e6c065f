"""The watcher: reads every block and every exit, validates them, and challenges invalid exits."""
