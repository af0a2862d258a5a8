"""Why a stack does not start. Every message is a sentence for people."""


class CannotRun(RuntimeError):
    """Something on this machine is in the way."""


class AlreadyRunning(CannotRun):
    """Another process runs a stack from the same folder."""


class PortTaken(CannotRun):
    """Another program listens where the gateway should."""


class MigrationFailed(CannotRun):
    """The tables of a service cannot be brought to what this version needs."""
