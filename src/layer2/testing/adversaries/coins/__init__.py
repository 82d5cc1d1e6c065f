"""Adversaries of the coin chain."""
