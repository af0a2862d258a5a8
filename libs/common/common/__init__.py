"""Mechanisms that every Wardline service shares. No hospital word lives here."""
