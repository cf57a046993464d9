-- What processes wait for: their niceness, the CPU they ran on last, the share of time they waited for a
-- disk (delay accounting), and for those that are tracked the sums over their threads: waiting for a
-- CPU, and context switches a second.
ALTER TABLE monitoring.process_batches
    ADD nice smallint[] COMPRESSION lz4,
    ADD processor smallint[] COMPRESSION lz4,
    ADD io_wait real[] COMPRESSION lz4,               -- percent
    ADD cpu_wait real[] COMPRESSION lz4,              -- percent of one core
    ADD voluntary_switches real[] COMPRESSION lz4,    -- per second
    ADD involuntary_switches real[] COMPRESSION lz4;  -- per second
ALTER TABLE monitoring.process_batches
    ALTER nice SET STORAGE MAIN,
    ALTER processor SET STORAGE MAIN,
    ALTER io_wait SET STORAGE MAIN,
    ALTER cpu_wait SET STORAGE MAIN,
    ALTER voluntary_switches SET STORAGE MAIN,
    ALTER involuntary_switches SET STORAGE MAIN;

CREATE OR REPLACE VIEW monitoring.process_metrics AS
SELECT monitoring.sample_id(b.ts, b.host_id, 1, u.position::int) AS id,
       p.pid AS process_id,
       p.name AS process_name,
       h.hostname,
       monitoring.widen(u.cpu) AS cpu_percent,
       coalesce(u.rss_kib / 1024.0::double precision, u.rss_bytes / 1048576.0::double precision)
           AS memory_mb,
       coalesce(monitoring.widen(u.memory_percent),
                round(coalesce(u.rss_kib * 1024.0::double precision, u.rss_bytes) * 1000000.0
                      / nullif(b.memory_total_bytes, 0)) / 10000.0) AS memory_percent,
       coalesce(u.read_sectors * 512::bigint, u.read_bytes) AS disk_read_bytes,
       coalesce(u.write_sectors * 512::bigint, u.write_bytes) AS disk_write_bytes,
       NULL::bigint AS network_sent_bytes,
       NULL::bigint AS network_recv_bytes,
       monitoring.process_state_name(u.state) AS status,
       b.ts AS "timestamp",
       b.received_at AS created_at,
       nullif(p.username, '') AS username,
       p.ppid,
       u.num_threads,
       u.fd_count,
       nullif(p.unit, '') AS unit,
       nullif(p.container_id, '') AS container_id,
       nullif(p.cmdline, '') AS cmdline,
       p.started_at,
       u.fd_limit,
       monitoring.widen(u.children_cpu) AS children_cpu_percent,
       coalesce(u.pss_kib / 1024.0::double precision, u.pss_bytes / 1048576.0::double precision)
           AS memory_pss_mb,
       coalesce(u.swap_kib / 1024.0::double precision, u.swap_bytes / 1048576.0::double precision)
           AS memory_swap_mb,
       monitoring.widen(u.major_faults) AS major_faults_per_sec,
       u.nice::int AS nice,
       u.processor::int AS processor,
       monitoring.widen(u.io_wait) AS io_wait_percent,
       monitoring.widen(u.cpu_wait) AS cpu_wait_percent,
       monitoring.widen(u.voluntary_switches) AS voluntary_switches_per_sec,
       monitoring.widen(u.involuntary_switches) AS involuntary_switches_per_sec
FROM monitoring.process_batches b
JOIN monitoring.hosts h ON h.host_id = b.host_id
CROSS JOIN LATERAL ROWS FROM (
    unnest(b.refs), unnest(b.refs_wide), unnest(b.cpu_percent), unnest(b.rss_kib),
    unnest(b.rss_bytes), unnest(b.memory_percent), unnest(b.read_sectors), unnest(b.read_bytes),
    unnest(b.write_sectors), unnest(b.write_bytes), unnest(b.num_threads), unnest(b.fd_count),
    string_to_table(b.states, NULL), unnest(b.fd_limit), unnest(b.children_cpu_percent),
    unnest(b.pss_kib), unnest(b.pss_bytes), unnest(b.swap_kib), unnest(b.swap_bytes),
    unnest(b.major_faults), unnest(b.nice), unnest(b.processor), unnest(b.io_wait),
    unnest(b.cpu_wait), unnest(b.voluntary_switches), unnest(b.involuntary_switches)) WITH ORDINALITY
    AS u(ref, ref_wide, cpu, rss_kib, rss_bytes, memory_percent, read_sectors, read_bytes,
         write_sectors, write_bytes, num_threads, fd_count, state, fd_limit, children_cpu,
         pss_kib, pss_bytes, swap_kib, swap_bytes, major_faults, nice, processor, io_wait, cpu_wait,
         voluntary_switches, involuntary_switches, position)
JOIN monitoring.processes p ON p.process_ref = coalesce(b.ref_base + u.ref, u.ref_wide);
