"""The school calendar: holidays and terms, from people, files and the holidays that countries publish."""
