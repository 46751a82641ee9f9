"""So that the tests find `stage`."""
