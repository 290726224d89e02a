"""The verbs of access."""

from .cards import confirm_card, publish_card
from .passes import Enrolled, WorkerRow, enrol_workers, issue_pass, revoke_passes
from .posts import close_account, end_post, give_post, open_account, rename_role
from .seeds import seed_demo_accounts, seed_roles

__all__ = [
    "Enrolled",
    "WorkerRow",
    "close_account",
    "confirm_card",
    "end_post",
    "enrol_workers",
    "give_post",
    "issue_pass",
    "open_account",
    "publish_card",
    "rename_role",
    "revoke_passes",
    "seed_demo_accounts",
    "seed_roles",
]
