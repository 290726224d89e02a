"""Reading the desk."""
