"""`wardline dead-letters`: what could never be applied, and what becomes of it."""
