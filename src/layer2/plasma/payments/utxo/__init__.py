"""The outputs there are and which of them leave; whether a payment, and a block, is good."""
