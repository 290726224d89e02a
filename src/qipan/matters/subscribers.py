def note_responses(event):
    pass
