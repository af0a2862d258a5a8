"""Use cases: one function per act, one transaction each. Load under lock, decide, record, publish."""
