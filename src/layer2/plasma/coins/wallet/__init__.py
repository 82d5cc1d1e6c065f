"""The coin wallet: keeps coins with their histories, pays, leaves, and guards its exits."""
