"""Checking what people type, choose and upload."""
