"""What ``qipan verify`` counts again."""

from django.db.models import Count

from ..models import Citation, CitationCount


def audit_citations() -> list[str]:
    """This function will count what cites each article again, by kind and unit, and return the differences."""
    key = ("article_id", "use", "unit_id", "place")
    rows = Citation.objects.everywhere("an audit counts all").filter(ended_at=None)
    real = {tuple(row[:4]): row[4] for row in rows.values_list(*key).annotate(n=Count("pk")).order_by()}
    kept = {
        tuple(row[:4]): row[4]
        for row in CitationCount.objects.everywhere("an audit counts all").exclude(n=0).values_list(*key, "n")
    }
    return [
        f"citations of {one}: kept {kept.get(one, 0)}, rows {real.get(one, 0)}"
        for one in sorted(real.keys() | kept.keys())
        if real.get(one) != kept.get(one)
    ]
