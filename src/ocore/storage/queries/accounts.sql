-- name: by_email
SELECT u.id, u.email, u.name, u.password_hash, o.id, o.slug, m.role
  FROM users u JOIN memberships m ON m.user_id = u.id JOIN organizations o ON o.id = m.organization_id
 WHERE lower(u.email) = lower(%(email)s) ORDER BY o.created_at LIMIT 1

-- name: by_id
SELECT u.id, u.email, u.name, u.password_hash, o.id, o.slug, m.role
  FROM users u JOIN memberships m ON m.user_id = u.id JOIN organizations o ON o.id = m.organization_id
 WHERE u.id = %(id)s ORDER BY o.created_at LIMIT 1

-- name: add_organization
INSERT INTO organizations (id, slug, name) VALUES (%(id)s, %(slug)s, %(name)s)
ON CONFLICT (slug) DO UPDATE SET slug = excluded.slug RETURNING id

-- name: add_user
INSERT INTO users (id, email, name, password_hash)
VALUES (%(id)s, %(email)s, %(name)s, %(password_hash)s)

-- name: add_membership
INSERT INTO memberships (user_id, organization_id, role)
VALUES (%(user)s, %(organization)s, %(role)s)

-- name: open_session
INSERT INTO sessions (token_hash, family, user_id, expires_at)
VALUES (%(hash)s, %(family)s, %(user)s, %(expires)s)

-- name: session
SELECT family, user_id, expires_at, rotated_at FROM sessions WHERE token_hash = %(hash)s FOR UPDATE

-- name: rotate
UPDATE sessions SET rotated_at = %(now)s WHERE token_hash = %(hash)s

-- name: end_family
-- A token that was exchanged before is in two hands; nobody can tell whose is the right one.
DELETE FROM sessions WHERE family = %(family)s
