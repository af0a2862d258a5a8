"""REST in: parse, authorise, call one use case, answer. No rules."""

from beds.api import (
    beds,
    boards,
    cleaning,
    departments,
    departure_reasons,
    movements,
    placements,
    reports,
    rooms,
    transfers,
)

routers = (
    *(departments.router, boards.router, rooms.router, beds.router),
    *(
        placements.router,
        movements.router,
        transfers.router,
        departure_reasons.router,
        cleaning.router,
        reports.router,
    ),
)
