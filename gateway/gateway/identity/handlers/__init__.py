"""Use cases of identity: one function per act, one transaction."""
