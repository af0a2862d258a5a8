"""REST in: parse, authorise, call one use case, answer. No rules."""

from admissions.api import admissions, discharge, patients

routers = (patients.router, admissions.router, discharge.router)
