-- Groups: the index of which ejabberd's rooms are the enforcing copy.

CREATE TABLE groups (
    group_id   uuid PRIMARY KEY,             -- the room's name
    name       text NOT NULL,
    -- creating and deleting: an operation is under way; missing: the room is gone, perhaps with ejabberd's database
    state      text NOT NULL CHECK (state IN ('creating', 'active', 'deleting', 'missing')),
    created_at timestamptz NOT NULL DEFAULT now(),
    checked_at timestamptz NOT NULL DEFAULT now(),  -- against its room
    missing_at timestamptz
);
CREATE INDEX groups_checked_idx ON groups (checked_at);

CREATE TABLE group_members (
    group_id     uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    jid          text NOT NULL,
    affiliation  text NOT NULL CHECK (affiliation IN ('owner', 'admin', 'member', 'none')),  -- none: on the way out
    member_since timestamptz NOT NULL DEFAULT clock_timestamp(),
    PRIMARY KEY (group_id, jid)
);
CREATE INDEX group_members_jid_idx ON group_members (jid);

-- A change that spans PostgreSQL and ejabberd, written down with its effect on the tables above before ejabberd is told,
-- and removed when ejabberd has it. At most one for a member, and one for the room itself (jid is '' then). Who works on
-- it holds the lease; after that the reconciler takes over.
CREATE TABLE group_operations (
    id          uuid PRIMARY KEY DEFAULT gen_random_uuid(),
    group_id    uuid NOT NULL REFERENCES groups ON DELETE CASCADE,
    jid         text NOT NULL DEFAULT '',
    kind        text NOT NULL CHECK (kind IN ('create', 'rename', 'delete', 'member', 'adopt')),
    previous    text NOT NULL DEFAULT '',    -- the affiliation or the name before, restored when ejabberd refuses
    attempts    integer NOT NULL DEFAULT 0,
    lease_until timestamptz NOT NULL,
    created_at  timestamptz NOT NULL DEFAULT now(),
    UNIQUE (group_id, jid)
);
CREATE INDEX group_operations_lease_idx ON group_operations (lease_until);

GRANT SELECT, INSERT, UPDATE, DELETE ON groups, group_members, group_operations TO veil;
