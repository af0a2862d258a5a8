"""Who may read notes; recording one needs no right but a session (contract §2, *Audit*)."""

from common.policies import Policies, Scope

POLICIES = Policies({"notes.read": {"auditor": Scope.ANY, "admin": Scope.ANY}})
