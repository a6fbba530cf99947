"""Takes the names of referrers out of stored reports.

A report names its top referrers in a table, in one insight and in the files made of it; the rest is sums.
"""


def forget_referrers(kept: str) -> str:
    """A statement, without its condition, that leaves just the `kept` of the top referrers, given as SQL."""
    return f"""
        UPDATE report_runs SET html = NULL, pdf = NULL,
            content = jsonb_set(content, '{{facts,top_referrers}}', {kept}) || jsonb_build_object('insights', (
                SELECT coalesce(jsonb_agg(insight), '[]') FROM jsonb_array_elements(content -> 'insights') AS insight
                WHERE insight ->> 'rule' <> 'top_referrer'))
    """
