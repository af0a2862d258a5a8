"""REST in: parse, authorise, call one use case, answer. No rules."""

from admissions.api import admissions, patients

routers = (patients.router, admissions.router)
