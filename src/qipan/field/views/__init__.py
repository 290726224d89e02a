"""The pages of the field: on the phone, on paper, and what phones miss."""
