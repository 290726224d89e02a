"""Reading in the learning room."""
