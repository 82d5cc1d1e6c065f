"""Watcher components shared by both plasma chains: log sync, alerts, transaction scheduling."""
