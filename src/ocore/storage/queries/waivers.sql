-- name: give
INSERT INTO waivers (id, organization_id, project_id, deployment_id, commit_sha, gate, scope,
                     actor_id, actor, reason, confirmation, created_at, expires_at)
VALUES (%(id)s, %(organization)s, %(project_id)s, %(deployment_id)s, %(commit_sha)s, %(gate)s,
        %(scope)s, %(actor_id)s,
        coalesce((SELECT name FROM users WHERE id::text = %(actor_id)s), %(actor_id)s),
        %(reason)s, %(confirmation)s, %(created_at)s, %(expires_at)s)

-- name: waiver
SELECT id, project_id, deployment_id, commit_sha, gate, scope, actor_id, actor, reason,
       confirmation, created_at, expires_at, used_at, revoked_at
  FROM waivers WHERE id = %(id)s AND project_id = %(project)s

-- name: lock
SELECT id FROM waivers WHERE id = %(id)s FOR UPDATE

-- name: concerning
-- Those that a deployment may go on by, whether they still count or not; the newest first.
SELECT id, project_id, deployment_id, commit_sha, gate, scope, actor_id, actor, reason,
       confirmation, created_at, expires_at, used_at, revoked_at
  FROM waivers
 WHERE project_id = %(project)s
   AND (scope = 'project' OR deployment_id = %(deployment)s
        OR (scope = 'commit' AND commit_sha = %(sha)s))
 ORDER BY created_at DESC, id DESC

-- name: page
SELECT id, project_id, deployment_id, commit_sha, gate, scope, actor_id, actor, reason,
       confirmation, created_at, expires_at, used_at, revoked_at
  FROM waivers WHERE project_id = %(project)s
 ORDER BY created_at DESC, id DESC LIMIT %(limit)s OFFSET %(offset)s

-- name: count
SELECT count(w.id) FROM projects p LEFT JOIN waivers w ON w.project_id = p.id
 WHERE p.id = %(project)s GROUP BY p.id

-- name: lock_project
-- One after the other: several that wake the same deployments would wait for each other for ever.
SELECT id FROM projects WHERE id = %(project)s FOR NO KEY UPDATE

-- name: deployment
SELECT record FROM deployments WHERE id = %(id)s AND project_id = %(project)s

-- name: lock_deployment
SELECT record FROM deployments WHERE id = %(id)s AND project_id = %(project)s FOR UPDATE

-- name: wake
-- Also those that do not wait yet: their rows are locked while that is decided, so that whoever
-- decides either sees this change or is woken by it.
UPDATE deployments SET wake_at = %(now)s
 WHERE project_id = %(project)s AND status IN ('queued', 'running', 'blocked')
   AND id = coalesce(%(only)s, id)

-- name: revoke
UPDATE waivers SET revoked_at = %(now)s, revoked_by = %(by)s WHERE id = %(id)s

-- name: hold
-- Locked, so that none is revoked while it is used.
SELECT id FROM waivers
 WHERE id = ANY(%(ids)s) AND revoked_at IS NULL AND expires_at > %(now)s
   FOR UPDATE

-- name: use
UPDATE waivers SET used_at = coalesce(used_at, %(now)s) WHERE id = ANY(%(ids)s)

-- name: audit
INSERT INTO audit_log (organization_id, actor, action, resource_id)
SELECT organization_id, %(actor)s, %(action)s, id::text FROM waivers WHERE id = ANY(%(ids)s)

-- name: notify
SELECT pg_notify('ocore_deployments', %(id)s)
