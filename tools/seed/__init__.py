"""The demo hospital: wards, people and patients that nobody really is, loaded through the public API."""
