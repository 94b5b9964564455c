-- What all processes count together against rates and guesses. Keys are keyed digests: neither table says who signs in
-- from where. Rows are dropped when what they remember makes no difference any more.

-- Rates by address or account. Lost with a crash of the database, which then forgives.
CREATE UNLOGGED TABLE rate_limits (
    key     text PRIMARY KEY,
    full_at timestamptz NOT NULL   -- when the whole burst is there again
);
CREATE INDEX rate_limits_full_idx ON rate_limits (full_at);

-- Wrong passwords for one account from one address.
CREATE TABLE password_failures (
    key          text PRIMARY KEY,
    failures     integer NOT NULL,
    failed_at    timestamptz NOT NULL,      -- the last one; an hour later all are forgotten
    wait_until   timestamptz NOT NULL,      -- no password is looked at before
    succeeded_at timestamptz,               -- the last right one: this address is known to the account
    forget_at    timestamptz NOT NULL
);
CREATE INDEX password_failures_forget_idx ON password_failures (forget_at);

GRANT SELECT, INSERT, UPDATE, DELETE ON rate_limits, password_failures TO veil;
