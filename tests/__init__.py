"""A package, and so are those folders whose hospital ends with them: `scope="package"`."""
