-- What the SIP server asked about a call and what it was answered, so that a call can be followed from the webhook to the
-- phone and back. Kept for seven days, like push_log; a row is written behind the answer.

ALTER TABLE push_log ADD COLUMN request_id text NOT NULL DEFAULT '';  -- of the webhook that the push comes from

CREATE TABLE push_webhooks (
    id          bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    at          timestamptz NOT NULL,        -- it came in
    call_id     text NOT NULL,
    callee      text NOT NULL,               -- '' when it named nobody who could be one
    request_id  text NOT NULL,
    kind        text NOT NULL CHECK (kind IN ('call', 'cancel')),
    reason      text NOT NULL,               -- of a cancellation
    result      text NOT NULL,
    devices     integer NOT NULL,            -- that were to be pushed to
    sent        integer NOT NULL,            -- what it was answered
    claimed_ms  integer,                     -- since it came in; null: there was nothing to claim
    answered_ms integer NOT NULL
);
CREATE INDEX push_webhooks_at_idx ON push_webhooks (at);
CREATE INDEX push_webhooks_call_idx ON push_webhooks (call_id);
CREATE INDEX push_webhooks_callee_idx ON push_webhooks (callee);

GRANT SELECT, INSERT, DELETE ON push_webhooks TO veil;
