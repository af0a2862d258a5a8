"""Departments, rooms and beds from CSV files."""
