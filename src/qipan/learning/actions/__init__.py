"""The acts of learning."""
