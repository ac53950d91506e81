-- name: alone
SELECT pg_try_advisory_lock(hashtext('ocore.offsite'))

-- name: let_go
SELECT pg_advisory_unlock(hashtext('ocore.offsite'))

-- name: next
-- Newest first: when the machine burns, that is the one that is wanted.
UPDATE snapshots s
   SET offsite = 'sending', offsite_attempts = offsite_attempts + 1
 WHERE id = (SELECT id FROM snapshots c
              WHERE status = 'available' AND proof = 'passed' AND offsite IN ('none', 'sending')
                AND coalesce(offsite_after, '-infinity') < clock_timestamp()
                AND id <> ALL(%(seen)s)
              ORDER BY created_at DESC, id DESC LIMIT 1)
RETURNING id, instance_id, deployment_id, status, reason, pinned, live, snapshot, message,
          created_at, completed_at, proof, offsite, offsite_message

-- name: instance
SELECT record FROM instances WHERE id = %(instance)s

-- name: stored
UPDATE snapshots
   SET offsite = 'stored', offsite_message = NULL, offsite_after = NULL, offsite_attempts = 0
 WHERE id = %(id)s AND offsite = 'sending'

-- name: again
-- Twice as late each time, and an hour at most: a store that is away comes back some day.
UPDATE snapshots
   SET offsite_message = %(message)s,
       offsite_after = clock_timestamp()
           + least(interval '1 hour', make_interval(secs => %(seconds)s * 2 ^ least(offsite_attempts - 1, 20)))
 WHERE id = %(id)s AND offsite = 'sending'

-- name: surveyed
SELECT i.record, s.settings
  FROM instances i LEFT JOIN snapshot_settings s ON s.instance_id = i.id
 WHERE EXISTS (SELECT 1 FROM snapshots c WHERE c.instance_id = i.id AND c.offsite = 'stored')
 ORDER BY i.id

-- name: of_instance
SELECT id, instance_id, deployment_id, status, reason, pinned, live, snapshot, message,
       created_at, completed_at, proof, offsite, offsite_message
  FROM snapshots WHERE instance_id = %(instance)s AND offsite = 'stored'
 ORDER BY created_at DESC, id DESC

-- name: removed
UPDATE snapshots SET offsite = 'none', offsite_message = NULL WHERE id = %(id)s
