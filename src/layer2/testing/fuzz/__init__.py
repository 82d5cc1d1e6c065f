"""Structural fuzz: malformed encodings for contracts and decoders."""
