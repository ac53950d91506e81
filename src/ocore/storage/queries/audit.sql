-- name: add
INSERT INTO audit_log (organization_id, actor, action, resource_id)
VALUES (%(organization)s, %(actor)s, %(action)s, %(resource)s)
