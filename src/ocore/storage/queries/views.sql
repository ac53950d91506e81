-- name: view
SELECT view FROM deployments WHERE id = %(id)s AND project_id = %(project)s

-- name: page
-- The count is kept with the project: counting 100,000 rows for each page would cost more than it.
-- A page without deployments is one row without a view.
SELECT p.deployments_count, d.view
  FROM projects p
  LEFT JOIN LATERAL (SELECT view, queue_number FROM deployments
                      WHERE project_id = p.id
                      ORDER BY queue_number DESC LIMIT %(limit)s OFFSET %(offset)s) d ON true
 WHERE p.id = %(project)s
 ORDER BY d.queue_number DESC

-- name: events
SELECT seq, kind, event FROM journal
 WHERE deployment_id = %(id)s AND seq > %(after)s ORDER BY seq

-- name: rollback
SELECT id FROM deployments WHERE id = %(id)s AND trigger = 'rollback'
