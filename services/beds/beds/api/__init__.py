"""REST in: parse, authorise, call one use case, answer. No rules."""

from beds.api import (
    beds,
    boards,
    cleaning,
    departments,
    departure_reasons,
    movements,
    offers,
    placements,
    reports,
    reservations,
    rooms,
    suggestions,
    transfers,
)

routers = (
    *(departments.router, boards.router, rooms.router),
    *(suggestions.router, beds.router),  # in this order: its path is also that of a bed
    *(
        placements.router,
        movements.router,
        offers.router,
        transfers.router,
        reservations.router,
        departure_reasons.router,
        cleaning.router,
        reports.router,
    ),
)
