"""Measurements of gas and speed by commands that anyone can repeat."""
