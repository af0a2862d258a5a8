"""Replacing the keys of admissions (ADR 9): the steps, where the keys are kept, and what is left to do."""
