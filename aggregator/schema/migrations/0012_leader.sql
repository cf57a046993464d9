-- Which aggregator runs the tasks that one alone may run. One row. The epoch grows with each
-- takeover; it is the key, so that a renewal (which leaves it as it is) does not wait for the
-- leader's own transactions, which hold the row FOR KEY SHARE, and a takeover does.
CREATE TABLE monitoring.leader (
    epoch bigint PRIMARY KEY,
    holder text NOT NULL,
    expires_at timestamptz NOT NULL  -- by the database's clock
);
CREATE UNIQUE INDEX leader_one_row ON monitoring.leader ((true));
INSERT INTO monitoring.leader (epoch, holder, expires_at) VALUES (0, '', '-infinity');
