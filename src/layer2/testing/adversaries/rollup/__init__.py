"""Adversaries of the rollup."""
