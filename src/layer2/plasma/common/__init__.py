"""Node components shared by both plasma chains: block storage, submission, journal, transaction status."""
