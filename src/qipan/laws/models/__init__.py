"""Laws by article, and what cites them."""

from .register import Article, Citation, CitationCount, Law

__all__ = ["Article", "Citation", "CitationCount", "Law"]
