"""Who may read the log. Nobody writes to it but Kafka (contract §2, *Audit*)."""

from common.policies import Policies, Scope

_READERS = {"auditor": Scope.ANY, "admin": Scope.ANY}

POLICIES = Policies({"audit_entries": _READERS, "audit_entry": _READERS})
