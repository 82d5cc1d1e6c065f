"""The UTXO set: unspent and exiting outputs, and the validation of payments and blocks."""
