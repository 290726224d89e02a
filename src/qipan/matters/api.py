"""The front door of the closed loop."""

from .actions.calls import call_units, end_call
from .actions.catalogue import import_catalogue, seed_catalogue
from .actions.dispatching import (
    add_cooperating,
    arbitrate_matter,
    dispatch_matter,
    finish_part,
    object_to_matter,
    waive_part,
)
from .actions.exclusions import decide_exclusion
from .actions.filing import decline_matter, file_matter, reopen_matter, review_shelved, shelve_matter, take_up
from .actions.handling import confirm_matter, doubt_matter, let_stand, report_done, send_back, verify_matter
from .actions.hazards import grade_hazard, inspect_hazard
from .actions.intake import (
    Reported,
    TooManyReports,
    Words,
    join_matter,
    part_report,
    report_matter,
)
from .actions.joining import merge_matter, unmerge_matter
from .actions.privacy import erase_contacts
from .actions.referring import Handed, hand_over
from .actions.sessions import prepare_session
from .actions.steps import MatterMoved
from .actions.times import ask_time, decide_time, resume_part
from .ingest import count_source
from .models import Category, Matter, MatterStep, Report
from .queries.alike import Alike, similar
from .queries.figures import Figures, figures
from .queries.joining import followed, know_wishes
from .queries.mapping import area_at_point, named_in
from .queries.offices import channel_of
from .queries.patterns import hazards_on, hot_spots, orphans
from .queries.public import last_told, reach_for_telling, report_by_code
from .queries.reading import (
    Chip,
    are_common,
    blocked_by,
    categories,
    chips,
    get_category,
    get_matter,
    history,
    inbox,
    nonces_held,
    of_categories,
    waiting_by_place,
)
from .rules.loop import ENDED
from .rules.photos import MOST_PHOTOS, NotAPhoto, PhotoTooLarge, Picture, TooManyPhotos
from .rules.photos import clean as clean_photo
from .rules.points import Point, PointWrong, read_point
from .terms import Channel, Closing, Confirmation, Part, State, StepKind, TimeWish, Way

__all__ = [
    "ENDED",
    "MOST_PHOTOS",
    "Alike",
    "Category",
    "Channel",
    "Chip",
    "Closing",
    "Confirmation",
    "Figures",
    "Handed",
    "Matter",
    "MatterMoved",
    "MatterStep",
    "NotAPhoto",
    "Part",
    "PhotoTooLarge",
    "Picture",
    "Point",
    "PointWrong",
    "Report",
    "Reported",
    "State",
    "StepKind",
    "TimeWish",
    "TooManyPhotos",
    "TooManyReports",
    "Way",
    "Words",
    "add_cooperating",
    "arbitrate_matter",
    "are_common",
    "area_at_point",
    "ask_time",
    "blocked_by",
    "call_units",
    "categories",
    "channel_of",
    "chips",
    "clean_photo",
    "confirm_matter",
    "count_source",
    "decide_exclusion",
    "decide_time",
    "decline_matter",
    "dispatch_matter",
    "doubt_matter",
    "end_call",
    "erase_contacts",
    "figures",
    "file_matter",
    "finish_part",
    "followed",
    "get_category",
    "get_matter",
    "grade_hazard",
    "hand_over",
    "hazards_on",
    "history",
    "hot_spots",
    "import_catalogue",
    "inbox",
    "inspect_hazard",
    "join_matter",
    "know_wishes",
    "last_told",
    "let_stand",
    "merge_matter",
    "named_in",
    "nonces_held",
    "object_to_matter",
    "of_categories",
    "orphans",
    "part_report",
    "prepare_session",
    "reach_for_telling",
    "read_point",
    "reopen_matter",
    "report_by_code",
    "report_done",
    "report_matter",
    "resume_part",
    "review_shelved",
    "seed_catalogue",
    "send_back",
    "shelve_matter",
    "similar",
    "take_up",
    "unmerge_matter",
    "verify_matter",
    "waiting_by_place",
    "waive_part",
]
