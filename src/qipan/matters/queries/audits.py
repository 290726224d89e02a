def audit_counts():
    return []


def audit_matters():
    return []
