"""The facts that audit publishes: only that somebody read the log. They come back as entries of it."""

from common.access import access_topic

SERVICE = "audit"
ACCESS = access_topic(SERVICE)

SEARCH = "search"
ENTRY_READ = "entry_read"
