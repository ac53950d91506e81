-- name: keep
-- In the transaction of the journal's line that tells of it; a second try replaces the first.
INSERT INTO snapshots (id, organization_id, instance_id, deployment_id, status, reason, live,
                       snapshot, completed_at)
SELECT %(id)s, d.organization_id, d.instance_id, d.id, 'available', %(reason)s, %(live)s,
       %(snapshot)s, %(at)s
  FROM deployments d WHERE d.id = %(deployment)s
ON CONFLICT (id) DO UPDATE
   SET status = 'available', snapshot = excluded.snapshot, live = excluded.live,
       completed_at = excluded.completed_at, proof = 'pending', offsite = 'none'

-- name: use_up
-- It was renamed into the place of the database it is of.
UPDATE snapshots SET status = 'restored', message = %(message)s WHERE id = %(id)s

-- name: settings
SELECT s.settings FROM instances i LEFT JOIN snapshot_settings s ON s.instance_id = i.id
 WHERE i.id = %(instance)s

-- name: change_settings
INSERT INTO snapshot_settings (instance_id, organization_id, settings)
VALUES (%(instance)s, %(organization)s, %(settings)s)
ON CONFLICT (instance_id) DO UPDATE
   SET settings = excluded.settings, updated_at = clock_timestamp()

-- name: count
SELECT count(*) FROM snapshots WHERE instance_id = %(instance)s AND status <> 'deleted'

-- name: page
SELECT id, instance_id, deployment_id, status, reason, pinned, live, snapshot, message,
       created_at, completed_at, proof, offsite, offsite_message
  FROM snapshots WHERE instance_id = %(instance)s AND status <> 'deleted'
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s

-- name: one
SELECT id, instance_id, deployment_id, status, reason, pinned, live, snapshot, message,
       created_at, completed_at, proof, offsite, offsite_message
  FROM snapshots WHERE id = %(id)s AND instance_id = %(instance)s AND status <> 'deleted'

-- name: lock_instance
SELECT id, live, record FROM instances WHERE id = %(instance)s FOR UPDATE

-- name: ask
INSERT INTO snapshots (id, organization_id, instance_id, status, reason, live, created_at)
VALUES (%(id)s, %(organization)s, %(instance)s, 'pending', %(reason)s, %(live)s, %(at)s)

-- name: pinned
SELECT count(*) FROM snapshots
 WHERE instance_id = %(instance)s AND pinned AND status = 'available' AND id <> %(id)s

-- name: pin
UPDATE snapshots SET pinned = %(pinned)s WHERE id = %(id)s

-- name: wanted_back
-- A rollback that waits or runs needs it, of this environment or of one that is to get its data.
SELECT id::text FROM deployments
 WHERE status IN ('queued', 'running', 'blocked')
   AND record #>> '{target,snapshot,id}' = %(id)s LIMIT 1

-- name: discard
UPDATE snapshots
   SET status = 'deleting', pinned = false, attempts = 0, worker = NULL, work_until = NULL
 WHERE id = %(id)s AND status IN ('available', 'failed', 'missing', 'restored', 'pending')

-- name: notify
SELECT pg_notify('ocore_deployments', %(id)s)

-- name: available
SELECT id FROM snapshots WHERE instance_id = %(instance)s AND status = 'available'

-- name: claim
-- One that waits, or whose worker fell silent. Judged by the database's clock alone. None is taken
-- beside a deployment, which may be half-way through the data; none is restored for a test, because
-- its users would feel that, until it has waited long enough.
UPDATE snapshots s
   SET status = CASE status WHEN 'pending' THEN 'creating' ELSE status END,
       live = CASE WHEN status IN ('deleting', 'available') THEN live
                   ELSE (SELECT i.live FROM instances i WHERE i.id = s.instance_id) END,
       worker = %(worker)s, attempts = attempts + 1,
       work_until = clock_timestamp() + make_interval(secs => %(seconds)s)
 WHERE id = (SELECT id FROM snapshots c
              WHERE (status IN ('pending', 'creating', 'deleting')
                     OR (status = 'available' AND proof = 'pending'))
                AND coalesce(work_until, '-infinity') < clock_timestamp()
                AND (status = 'deleting'
                     OR (status = 'available' AND completed_at <= clock_timestamp() - %(patience)s)
                     OR NOT EXISTS (
                     SELECT 1 FROM deployments d
                      WHERE d.instance_id = c.instance_id AND d.status = 'running'))
              ORDER BY status = 'available', created_at LIMIT 1 FOR UPDATE SKIP LOCKED)
RETURNING id, instance_id, deployment_id, status, reason, pinned, live, snapshot, message,
          created_at, completed_at, proof, offsite, offsite_message, attempts

-- name: renew
UPDATE snapshots SET work_until = clock_timestamp() + make_interval(secs => %(seconds)s)
 WHERE id = %(id)s AND worker = %(worker)s AND status IN ('creating', 'deleting', 'available') RETURNING id

-- name: finish
-- Data belongs to the code that served it: taken across a switch, it would be nobody's.
UPDATE snapshots s
   SET status = %(status)s, snapshot = coalesce(%(snapshot)s, snapshot), message = %(message)s,
       completed_at = coalesce(completed_at, clock_timestamp()), worker = NULL, work_until = NULL,
       attempts = 0
 WHERE id = %(id)s AND worker = %(worker)s AND status IN ('creating', 'deleting')
   AND (%(status)s <> 'available' OR live ->> 'deployment_id' =
        (SELECT i.live ->> 'deployment_id' FROM instances i WHERE i.id = s.instance_id))
RETURNING id

-- name: proven
UPDATE snapshots
   SET proof = %(proof)s, message = %(message)s, worker = NULL, work_until = NULL,
       status = CASE WHEN %(proof)s = 'failed' AND snapshot ->> 'strategy' = 'dump' THEN 'failed'
                     ELSE status END
 WHERE id = %(id)s AND worker = %(worker)s AND status = 'available'

-- name: in_the_way
SELECT 1 FROM snapshots s JOIN deployments d ON d.instance_id = s.instance_id
 WHERE s.id = %(id)s AND d.status = 'running' AND s.completed_at > clock_timestamp() - %(patience)s

-- name: put_back
UPDATE snapshots SET worker = NULL, work_until = NULL, attempts = attempts - 1
 WHERE id = %(id)s AND worker = %(worker)s

-- name: again
-- Later, and not at once: what was in the way is still there.
UPDATE snapshots
   SET status = CASE status WHEN 'creating' THEN 'pending' ELSE status END, worker = NULL,
       message = %(message)s, work_until = clock_timestamp() + make_interval(secs => %(seconds)s)
 WHERE id = %(id)s AND worker = %(worker)s

-- name: instance
SELECT record, live FROM instances WHERE id = %(instance)s

-- name: every_instance
SELECT i.record, s.settings
  FROM instances i LEFT JOIN snapshot_settings s ON s.instance_id = i.id ORDER BY i.id

-- name: of_instance
SELECT id, instance_id, deployment_id, status, reason, pinned, live, snapshot, message,
       created_at, completed_at, proof, offsite, offsite_message
  FROM snapshots WHERE instance_id = %(instance)s AND status = 'available'
 ORDER BY created_at DESC, id DESC

-- name: targets_at_work
-- What any environment goes back to, which may be another's.
SELECT record #>> '{target,snapshot,id}' FROM deployments
 WHERE status IN ('queued', 'running', 'blocked')
UNION
SELECT id::text FROM deployments
 WHERE instance_id = %(instance)s AND status IN ('queued', 'running', 'blocked')

-- name: missing
UPDATE snapshots SET status = 'missing', message = %(message)s
 WHERE id = %(id)s AND status = 'available'

-- name: at_work
SELECT 1 FROM deployments
 WHERE instance_id = %(instance)s AND status IN ('queued', 'running', 'blocked')
UNION ALL
SELECT 1 FROM snapshots
 WHERE instance_id = %(instance)s AND (status IN ('pending', 'creating', 'deleting') OR worker IS NOT NULL)
LIMIT 1
