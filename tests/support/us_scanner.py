"""The scanner with the default of PII_PHONE_REGION; a test about another region names it."""

from functools import partial

from metrics_api.pii_scanner import coppa_rule, scanner

scan_text = partial(scanner.scan_text, phone_region="US")
scan_data = partial(scanner.scan_data, phone_region="US")
find_violations = partial(coppa_rule.find_violations, phone_region="US")
