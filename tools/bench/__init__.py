"""Measures the hot paths on an embedded stack, beside the bare limits of the same machine in the same run."""
