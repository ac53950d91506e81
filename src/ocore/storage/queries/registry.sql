-- name: add_project
INSERT INTO projects (id, organization_id, slug, record)
VALUES (%(id)s, %(organization)s, %(slug)s, %(record)s)
RETURNING record, created_at, updated_at

-- name: projects
SELECT record, created_at, updated_at FROM projects ORDER BY created_at, id

-- name: project
SELECT record, created_at, updated_at FROM projects WHERE id = %(id)s

-- name: add_instance
INSERT INTO instances (id, organization_id, project_id, slug, host, record)
VALUES (%(id)s, %(organization)s, %(project)s, %(slug)s, %(host)s, %(record)s)
RETURNING record, status, status_message, live, created_at, updated_at

-- name: instances
SELECT record, status, status_message, live, created_at, updated_at
  FROM instances WHERE project_id = %(project)s ORDER BY created_at, id

-- name: instance
SELECT record, status, status_message, live, created_at, updated_at
  FROM instances WHERE id = %(id)s
