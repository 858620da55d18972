"""What must be true of the database at the end of every story; each query finds what is not."""

from __future__ import annotations

LEDGER = {
    "a group is open and nothing runs or ran out for it": (
        "SELECT id FROM alerts_group WHERE status = 'open' AND id NOT IN"
        " (SELECT group_id FROM paging_escalation WHERE status IN ('running', 'exhausted'))"
    ),
    "an escalation runs and has no timer": (
        "SELECT id FROM paging_escalation WHERE status = 'running' AND id NOT IN"
        " (SELECT ref FROM engine_timer WHERE kind = 'paging.climb')"
    ),
    "an escalation runs for a group that needs nobody": (
        "SELECT id FROM paging_escalation WHERE status = 'running' AND group_id IN"
        " (SELECT id FROM alerts_group WHERE status <> 'open')"
    ),
    "a message is being sent by nobody": "SELECT id FROM engine_delivery WHERE state = 'leased' AND lease_until IS NULL",
    "a message ended without a receipt or a reason": (
        "SELECT id FROM engine_delivery WHERE (state = 'delivered' AND id NOT IN"
        " (SELECT delivery_id FROM engine_attempt WHERE outcome = 'delivered'))"
        " OR (state IN ('failed', 'cancelled') AND reason = '')"
    ),
    "a page leads to no message and says not why": (
        "SELECT id FROM paging_page WHERE status <> 'unreachable' AND NOT EXISTS (SELECT 1 FROM engine_delivery"
        " WHERE subject = 'page:' || paging_page.id) AND NOT EXISTS (SELECT 1 FROM journal_fact WHERE"
        " name = 'PersonUnreachable' AND subject = 'group:' || paging_page.group_id)"
    ),
    "a page is still to be sent for a group that needs nobody": (
        "SELECT id FROM engine_delivery WHERE state IN ('waiting', 'leased') AND subject IN"
        " (SELECT 'page:' || id FROM paging_page WHERE group_id IN"
        " (SELECT id FROM alerts_group WHERE status IN ('acknowledged', 'resolved', 'snoozed', 'suppressed')))"
    ),
    "a resolved group has a firing alert": (
        "SELECT id FROM alerts_alert WHERE status = 'firing' AND group_id IN"
        " (SELECT id FROM alerts_group WHERE status = 'resolved')"
    ),
    "a group counts its firing alerts wrongly": (
        "SELECT id FROM alerts_group WHERE firing_count <> (SELECT count(*) FROM alerts_alert WHERE"
        " alerts_alert.group_id = alerts_group.id AND alerts_alert.status = 'firing')"
    ),
    "a timer fails": "SELECT kind, error FROM engine_timer WHERE attempts > 0",
}
