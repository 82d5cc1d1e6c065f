"""Payments: a child chain of unspent outputs whose owners can exit without the operator."""
