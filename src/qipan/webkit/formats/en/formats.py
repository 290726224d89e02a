# Day before month, 24 hours: readers of many countries.
NUMBER_GROUPING = 3
DATE_FORMAT = "j F Y"
TIME_FORMAT = "H:i"
DATETIME_FORMAT = "j F Y, H:i"
SHORT_DATE_FORMAT = "j M"
SHORT_DATETIME_FORMAT = "j M, H:i"
THOUSAND_SEPARATOR = ","
DECIMAL_SEPARATOR = "."
