"""The facts that audit publishes: only that somebody read the log. They come back as entries of it."""

from common.access import access_topic, published_access
from common.catalogue import Catalogue, Happening

SERVICE = "audit"
ACCESS = access_topic(SERVICE)


class LogAccess(Happening):
    SEARCH = "search", "Entries of the audit log were listed; `subjects` are the patients asked for."
    ENTRY_READ = "entry_read", "An entry of the audit log was read."


CATALOGUE = Catalogue(published_access(SERVICE, *LogAccess))
