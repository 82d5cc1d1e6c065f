"""Payments: a child chain of unspent outputs whose owners can leave without the operator."""
