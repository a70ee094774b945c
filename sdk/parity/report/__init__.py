"""A `ParityReport` for people and machines: text, a terminal table, JSON, JUnit XML and HTML, all of the same data."""
