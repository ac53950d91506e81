-- name: needed
-- What serves, what a rollback may name, and what is on its way.
SELECT live ->> 'image' FROM instances WHERE live IS NOT NULL
UNION
SELECT view::json ->> 'imageTag' FROM deployments
 WHERE status NOT IN ('failed', 'rolled_back', 'cancelled', 'superseded')
   AND view::json ->> 'imageTag' IS NOT NULL
