"""Acts on declarations, postures and measures."""
