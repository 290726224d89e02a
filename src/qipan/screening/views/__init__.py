"""Pages and the endpoint of screening."""
