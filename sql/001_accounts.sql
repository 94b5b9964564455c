-- Accounts, what is being done to them, and which tokens no longer count.

CREATE TABLE accounts (
    jid        text PRIMARY KEY,
    state      text NOT NULL DEFAULT 'active' CHECK (state IN ('active', 'deleting')),
    created_at timestamptz NOT NULL DEFAULT now()
);

-- One change of an account that spans PostgreSQL and ejabberd, written down before it begins and removed in the
-- transaction that ends it. Who works on it holds the lease; after that the reconciler takes over.
CREATE TABLE account_operations (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    jid         text NOT NULL UNIQUE,
    kind        text NOT NULL CHECK (kind IN ('register', 'password', 'delete')),
    sealed      text NOT NULL,          -- the new password, encrypted with a key that is not in the database; '' for delete
    attempts    integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX account_operations_lease_idx ON account_operations (lease_until);

-- Tokens of this account issued at or before this second (Unix time) are revoked.
CREATE TABLE token_cutoffs (
    jid        text PRIMARY KEY,
    not_before bigint NOT NULL
);

-- Single tokens that were logged out; a row may go once the token has expired.
CREATE TABLE revoked_tokens (
    token_id   text PRIMARY KEY,
    expires_at bigint NOT NULL
);
CREATE INDEX revoked_tokens_expires_idx ON revoked_tokens (expires_at);

-- Every API process learns of a revocation through this channel, whoever wrote the row.
CREATE FUNCTION notify_revocation() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF TG_TABLE_NAME = 'token_cutoffs' THEN
        PERFORM pg_notify('veil_revocations', json_build_object('jid', NEW.jid, 'not_before', NEW.not_before)::text);
    ELSE
        PERFORM pg_notify('veil_revocations',
                          json_build_object('token_id', NEW.token_id, 'expires_at', NEW.expires_at)::text);
    END IF;
    RETURN NULL;
END
$$;
CREATE TRIGGER token_cutoffs_notify AFTER INSERT OR UPDATE ON token_cutoffs
    FOR EACH ROW EXECUTE FUNCTION notify_revocation();
CREATE TRIGGER revoked_tokens_notify AFTER INSERT ON revoked_tokens
    FOR EACH ROW EXECUTE FUNCTION notify_revocation();

GRANT SELECT ON schema_migrations TO veil;
GRANT SELECT, INSERT, UPDATE, DELETE ON accounts, account_operations, token_cutoffs, revoked_tokens TO veil;
