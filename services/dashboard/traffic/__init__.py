"""The page of filtered traffic: clicks that no person made, by class, day and loop, with the reasons."""
