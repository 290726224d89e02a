"""How what waits in the outbox leaves: to partners' programs by webhooks, to people's channels through Apprise."""
