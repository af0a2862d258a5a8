"""REST in: parse, authorise, call one use case, answer. No rules."""

from admissions.api import admissions, discharge, merging, patients, reversing

routers = (patients.router, admissions.router, discharge.router, reversing.router, merging.router)
