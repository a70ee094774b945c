"""Models: exact offline forms of published systems and their streaming stages, one folder a system."""
