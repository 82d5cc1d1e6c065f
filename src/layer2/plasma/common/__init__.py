"""Node parts that both plasma chains share: block storage, submission, journal, transaction status."""
