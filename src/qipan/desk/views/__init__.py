"""Pages of the desk and the two endpoints that clients call often."""
