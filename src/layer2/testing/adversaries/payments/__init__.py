"""Adversaries of the root chain."""
