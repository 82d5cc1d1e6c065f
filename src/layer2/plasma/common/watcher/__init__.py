"""Watcher parts that both plasma chains share: log sync, alerts, transaction scheduling."""
