"""Adversaries of the channel hub."""
