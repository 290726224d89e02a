"""Files in and rows in bulk: reading that reports every bad line, SQL that works on whole sets."""
