"""The coin wallet: stores coins with their histories, transfers and exits them, and defends exits."""
