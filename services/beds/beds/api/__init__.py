"""REST in: parse, authorise, call one use case, answer. No rules."""

from beds.api import beds, cleaning, departments, placements, rooms

routers = (departments.router, rooms.router, beds.router, placements.router, cleaning.router)
