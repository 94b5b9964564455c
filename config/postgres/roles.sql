-- Roles and databases, with the least each needs. Repeatable; run by the superuser through psql, which takes the
-- passwords from its environment. They are set each time, so .env is the truth about them.
\getenv veil_password DB_PASSWORD
\getenv owner_password DB_MIGRATION_PASSWORD
\getenv kamailio_password KAMAILIO_DB_PASSWORD
\getenv ejabberd_password EJABBERD_DB_PASSWORD

-- The statements below hold passwords: none may reach the log, not even when it fails.
SET log_statement = 'none';
SET log_min_error_statement = 'panic';
SET log_min_duration_statement = -1;
SET client_min_messages = 'warning';
SET password_encryption = 'scram-sha-256';

SELECT format('CREATE ROLE %I', name)
FROM unnest(ARRAY['veil_owner', 'veil', 'kamailio', 'ejabberd']) AS name
WHERE name NOT IN (SELECT rolname FROM pg_roles)
\gexec

ALTER ROLE veil_owner LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'owner_password';
ALTER ROLE veil LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'veil_password';
ALTER ROLE kamailio LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'kamailio_password';
ALTER ROLE ejabberd LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS PASSWORD :'ejabberd_password';

SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0 ENCODING ''UTF8''', name, owner)
FROM (VALUES ('veil', 'veil_owner'), ('ejabberd', 'ejabberd')) AS wanted (name, owner)
WHERE name NOT IN (SELECT datname FROM pg_database)
\gexec

-- By default every role may connect everywhere and make temporary tables.
REVOKE ALL ON DATABASE veil, ejabberd, postgres, template1 FROM PUBLIC;
GRANT CONNECT ON DATABASE veil TO veil, kamailio;
