# Thousands are grouped by three in every language (FACE); dates as people write them.
NUMBER_GROUPING = 3
DATE_FORMAT = "Y年n月j日"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "Y年n月j日 H:i"
SHORT_DATE_FORMAT = "n月j日"
SHORT_DATETIME_FORMAT = "n月j日 H:i"
THOUSAND_SEPARATOR = ","
DECIMAL_SEPARATOR = "."
