-- name: project
SELECT record FROM projects WHERE id = %(project)s

-- name: instances
SELECT record FROM instances WHERE project_id = %(project)s ORDER BY created_at, id

-- name: known_key
SELECT k.request, d.view, d.id::text
  FROM idempotency_keys k JOIN deployments d ON d.id = k.deployment_id
 WHERE k.organization_id = %(organization)s AND k.key = %(key)s

-- name: keep_key
-- Waits for a transaction that keeps the same key; the loser then reads the winner's answer.
INSERT INTO idempotency_keys (organization_id, key, request, deployment_id)
VALUES (%(organization)s, %(key)s, %(request)s, %(deployment)s)

-- name: open
INSERT INTO deployments (id, organization_id, project_id, instance_id, trigger, record, view)
VALUES (%(id)s, %(organization)s, %(project)s, %(instance)s, %(trigger)s, %(record)s, %(view)s)

-- name: count
UPDATE projects SET deployments_count = deployments_count + 1 WHERE id = %(project)s

-- name: lock_project
SELECT id FROM projects WHERE id = %(project)s FOR NO KEY UPDATE

-- name: superseded
-- A newer push makes older ones that still wait pointless, for their turn or for a waiver; what
-- people asked for stays.
SELECT id, record FROM deployments
 WHERE instance_id = %(instance)s AND status IN ('queued', 'blocked') AND trigger = 'webhook'
   FOR UPDATE

-- name: notify
SELECT pg_notify('ocore_deployments', %(id)s)

-- name: deployment
SELECT record, cancel_requested FROM deployments WHERE id = %(id)s AND project_id = %(project)s

-- name: lock_deployment
SELECT record, status, view FROM deployments WHERE id = %(id)s FOR UPDATE

-- name: request_cancel
UPDATE deployments SET cancel_requested = true WHERE id = %(id)s RETURNING view

-- name: succeeded
SELECT id, record FROM deployments
 WHERE instance_id = %(instance)s AND status = 'succeeded' ORDER BY queue_number DESC LIMIT %(most)s

-- name: live
SELECT live FROM instances WHERE id = %(instance)s

-- name: rollbacks
SELECT id, record FROM deployments
 WHERE instance_id = %(instance)s AND trigger = 'rollback' ORDER BY queue_number DESC LIMIT 100
