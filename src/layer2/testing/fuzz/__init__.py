"""Structural fuzzing: malformed encodings for contracts and decoders."""
