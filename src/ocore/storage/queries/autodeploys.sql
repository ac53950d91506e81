-- name: setting
SELECT i.id::text, coalesce(a.enabled, false), a.branch_pattern, a.updated_at
  FROM instances i LEFT JOIN auto_deploys a ON a.instance_id = i.id
 WHERE i.id = %(instance)s

-- name: of_project
SELECT i.id::text, a.enabled, a.branch_pattern, a.updated_at
  FROM instances i JOIN auto_deploys a ON a.instance_id = i.id
 WHERE i.project_id = %(project)s
 ORDER BY i.created_at, i.id

-- name: change
INSERT INTO auto_deploys (instance_id, organization_id, enabled, branch_pattern)
SELECT id, organization_id, %(enabled)s, %(pattern)s FROM instances WHERE id = %(instance)s
    ON CONFLICT (instance_id) DO UPDATE
   SET enabled = excluded.enabled, branch_pattern = excluded.branch_pattern,
       updated_at = clock_timestamp()
RETURNING instance_id

-- name: resume
UPDATE auto_deploys SET resumed_id = %(rollback)s, updated_at = clock_timestamp()
 WHERE instance_id = %(instance)s
RETURNING instance_id

-- name: live
SELECT live ->> 'commit_sha' FROM instances WHERE id = %(instance)s

-- name: last
SELECT id::text, view::json ->> 'commitSha'
  FROM deployments
 WHERE instance_id = %(instance)s AND status IN ('queued', 'running', 'blocked')
 ORDER BY queue_number DESC
 LIMIT 1

-- name: pushed
SELECT record #>> '{ref,branch}', record ->> 'pinned_sha', record ->> 'pushed_from'
  FROM deployments
 WHERE instance_id = %(instance)s AND trigger = 'webhook'
 ORDER BY queue_number DESC
 LIMIT 1

-- name: rollbacks
-- What somebody asked to go back, unless it went nowhere; and what went back by itself, or tried to
-- in vain. Data that comes from another instance says nothing about the code that was there.
WITH went_back AS (
    SELECT d.id, d.instance_id, d.queue_number, d.status, d.view::json AS view,
           d.trigger = 'rollback' AS asked_for
      FROM deployments d
     WHERE d.instance_id = %(instance)s
       AND d.queue_number > coalesce(
            (SELECT r.queue_number
               FROM auto_deploys a JOIN deployments r ON r.id = a.resumed_id
              WHERE a.instance_id = d.instance_id), 0)
       AND CASE WHEN d.trigger = 'rollback'
                THEN d.status IN ('queued', 'running', 'blocked', 'succeeded')
                     AND d.record #>> '{target,source}' IS NULL
                ELSE d.status = 'rolled_back'
                     OR (d.status = 'failed'
                         AND EXISTS (SELECT 1 FROM journal j
                                      WHERE j.deployment_id = d.id
                                        AND j.entry ->> 'step' = %(rolling_back)s))
           END
     ORDER BY d.queue_number DESC
     LIMIT 20
)
SELECT id::text, asked_for, status, left_sha, view,
       (SELECT pushed.record ->> 'pinned_sha'
          FROM deployments pushed
         WHERE pushed.instance_id = went_back.instance_id AND pushed.trigger = 'webhook'
           AND pushed.queue_number > went_back.queue_number
         ORDER BY pushed.queue_number
         LIMIT 1),
       EXISTS (SELECT 1
                 FROM deployments again
                WHERE again.instance_id = went_back.instance_id AND again.status = 'succeeded'
                  AND again.queue_number > went_back.queue_number
                  AND again.view::json ->> 'commitSha' = left_sha)
  FROM went_back,
       -- One that has not begun goes back behind what is before it in the line.
       LATERAL (SELECT CASE WHEN NOT asked_for THEN view ->> 'commitSha'
                            WHEN status <> 'queued' THEN view ->> 'previousCommitSha'
                            ELSE (SELECT ahead.view::json ->> 'commitSha'
                                    FROM deployments ahead
                                   WHERE ahead.instance_id = went_back.instance_id
                                     AND ahead.status IN ('queued', 'running', 'blocked')
                                     AND ahead.queue_number < went_back.queue_number
                                   ORDER BY ahead.queue_number DESC
                                   LIMIT 1)
                       END AS left_sha) AS commits
 ORDER BY queue_number DESC

-- name: hook
SELECT p.id::text, p.organization_id::text, w.version::text, w.rotated_at
  FROM projects p LEFT JOIN webhooks w ON w.project_id = p.id
 WHERE p.id = %(project)s

-- name: rotate
INSERT INTO webhooks (project_id, organization_id, version)
SELECT id, organization_id, %(version)s FROM projects WHERE id = %(project)s
    ON CONFLICT (project_id) DO UPDATE
   SET version = excluded.version, rotated_at = clock_timestamp()
RETURNING project_id::text, organization_id::text, version::text, rotated_at
