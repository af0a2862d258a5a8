"""Aggregates, values and refusals of patients and admissions. Pure (domain §2, §4)."""
