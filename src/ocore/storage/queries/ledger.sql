-- name: claim_expired
-- Takes over the deployment of a worker that fell silent. Judged by the database's clock alone.
SELECT d.id, d.instance_id, d.record
  FROM deployments d
 WHERE d.status = 'running' AND d.lease_until < clock_timestamp()
 ORDER BY d.queue_number
 LIMIT 1
   FOR UPDATE SKIP LOCKED

-- name: claim_blocked
-- One whose wait is over, by the clock of those who decide so.
SELECT d.id, d.instance_id, d.record
  FROM deployments d
 WHERE d.status = 'blocked' AND d.wake_at <= %(now)s
 ORDER BY d.queue_number
 LIMIT 1
   FOR UPDATE SKIP LOCKED

-- name: claim_queued
-- The oldest one whose instance is free: first come, first served, for each instance.
SELECT d.id, d.instance_id, d.record
  FROM deployments d
 WHERE d.status = 'queued'
   AND NOT EXISTS (
        SELECT 1 FROM deployments other
         WHERE other.instance_id = d.instance_id
           AND (other.status IN ('running', 'blocked')
                OR (other.status = 'queued' AND other.queue_number < d.queue_number)))
 ORDER BY d.queue_number
 LIMIT 1
   FOR UPDATE SKIP LOCKED

-- name: raise_fence
-- A higher term than any before: what still runs under a lower one is refused from here on.
UPDATE instances SET fence = fence + 1 WHERE id = %(instance)s RETURNING fence, live

-- name: lease
UPDATE deployments
   SET status = 'running', wake_at = NULL, lease_owner = %(worker)s, lease_term = %(term)s,
       lease_until = clock_timestamp() + make_interval(secs => %(seconds)s),
       record = %(record)s, view = %(view)s
 WHERE id = %(id)s

-- name: renew
UPDATE deployments
   SET lease_until = clock_timestamp() + make_interval(secs => %(seconds)s)
 WHERE id = %(id)s AND lease_term = %(term)s AND lease_owner = %(worker)s AND status = 'running'
RETURNING cancel_requested

-- name: hold
-- Locks the row for a write under a lease; no row means that the lease is lost.
SELECT record, organization_id, instance_id, cancel_requested
  FROM deployments
 WHERE id = %(id)s AND lease_term = %(term)s AND lease_owner = %(worker)s AND status = 'running'
   FOR UPDATE

-- name: write_event
-- The number is taken from the deployment's own row, which is locked: no gaps, no strangers.
WITH next AS (
    UPDATE deployments SET last_seq = last_seq + 1, view = %(view)s, record = %(record)s
     WHERE id = %(id)s RETURNING id, organization_id, last_seq
)
INSERT INTO journal (deployment_id, organization_id, seq, kind, entry, event)
SELECT id, organization_id, last_seq, %(kind)s, %(entry)s, %(event)s FROM next

-- name: block
UPDATE deployments
   SET status = 'blocked', wake_at = %(wake_at)s, lease_owner = NULL, lease_until = NULL
 WHERE id = %(id)s

-- name: end
UPDATE deployments SET status = %(status)s, lease_until = NULL, wake_at = NULL WHERE id = %(id)s

-- name: set_live
UPDATE instances
   SET live = %(live)s, status = 'running', status_message = NULL, updated_at = clock_timestamp()
 WHERE id = %(instance)s

-- name: set_instance_status
UPDATE instances
   SET status = %(status)s, status_message = %(message)s, updated_at = clock_timestamp()
 WHERE id = %(instance)s

-- name: notify
SELECT pg_notify('ocore_deployments', %(id)s)
