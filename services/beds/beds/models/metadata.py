"""All tables of the service, with those of the mechanisms that every service has."""

import sqlalchemy as sa

from common.mechanism_tables import add_mechanism_tables

metadata = sa.MetaData()
add_mechanism_tables(metadata)
