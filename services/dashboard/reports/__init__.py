"""Reports: the list, one report, its email."""
