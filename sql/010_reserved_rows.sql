-- A registration reserves the row that it changes, and now as firmly as the change needs it: ON CONFLICT DO UPDATE locks a
-- row FOR UPDATE when it sets columns of a unique index, even to what they are. Behind a weaker reservation it could wait
-- for a call that was being claimed, and with it everybody who shared its transaction.
DO $$
BEGIN
    EXECUTE replace(pg_get_functiondef('register_device'::regproc),
                    'FOR NO KEY UPDATE SKIP LOCKED', 'FOR UPDATE SKIP LOCKED');
END
$$;
