"""Aggregates, values and refusals of presence: who waits, who holds a bed, who is in it. Pure (domain §2, §3)."""
