"""Who gets the weekly and monthly reports, and who gets nothing any more."""
