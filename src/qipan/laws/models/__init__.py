"""Laws by article, what cites them, and the rules of the city's own organs."""

from .register import Article, Citation, CitationCount, Law
from .rules import Rule, RuleAnswer, RuleComment

__all__ = ["Article", "Citation", "CitationCount", "Law", "Rule", "RuleAnswer", "RuleComment"]
