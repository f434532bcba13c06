"""What must hold whenever the workers are at rest. Asked after every step, so by one cheap statement.

A wait has a reason in words, and an end (then the row is due at that time) or a person (then an ask is open for them).
"""

from datetime import datetime

from django.db import connection


def judge_step(now: datetime) -> list[str]:
    """Return a sentence for every installation that waits without reason, end or person, or is left lying."""
    with connection.cursor() as cursor:
        cursor.execute(STATEMENT, {"now": now})
        return [f"{what}: {app} on {site} at {now}: {told}" for what, site, app, told in cursor.fetchall()]


STATEMENT = """
WITH looked_at AS (
    SELECT s.context_path, i.app_key, i.state, i.because, i.text, i.until, i.due_at, i.upgrade_id, i.id,
           newest.order_key AS newest, coalesce(running.order_key, 0) AS running
    FROM installing_installation i
    JOIN sites_site s ON s.id = i.site_id
    LEFT JOIN installing_knownversion newest ON newest.id = i.newest_id
    LEFT JOIN installing_knownversion running ON running.id = i.running_id
    WHERE i.lease_until IS NULL OR i.lease_until < clock_timestamp()
), judged AS (
    SELECT CASE
        WHEN due_at <= %(now)s THEN 'due work is left'
        WHEN newest > running AND text = '' THEN 'a wait has no reason'
        WHEN newest > running AND NOT CASE
            WHEN state = 'failed' THEN due_at IS NULL AND upgrade_id IS NULL
            WHEN because IN ('window', 'retry')
                THEN coalesce(until > %(now)s AND due_at = until, false) AND upgrade_id IS NOT NULL
            WHEN because = 'consent' THEN until IS NULL AND EXISTS (
                SELECT 1 FROM approvals_approval a
                WHERE a.installation_id = looked_at.id AND a.state = 'waiting' AND a.remind_at > %(now)s)
            WHEN because = 'declined' THEN until IS NULL AND EXISTS (
                SELECT 1 FROM approvals_approval a
                WHERE a.installation_id = looked_at.id AND a.state = 'declined')
            ELSE false END THEN 'a wait has no end and no person'
        WHEN newest <= running AND (because <> '' OR text <> '' OR due_at IS NOT NULL)
            THEN 'a reason is shown where nothing waits'
        END AS what, context_path, app_key, concat_ws(' ', state, because, text) AS told
    FROM looked_at
)
SELECT what, context_path, app_key, told FROM judged WHERE what IS NOT NULL ORDER BY context_path, app_key
"""
