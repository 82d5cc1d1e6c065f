"""Strict expectations of reverts: selector and arguments."""
