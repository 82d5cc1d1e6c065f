"""Mock contracts for tests."""
