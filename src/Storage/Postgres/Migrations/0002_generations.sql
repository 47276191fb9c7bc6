-- A log that has grown: each generation is a topic of its own. Partition numbers and offsets go on from those of the generations before, so that what
-- was counted earlier has the smaller offset. The partitions of closed generations stay in partition_state, complete and owned by nobody.
alter table log_topic
  add column first_part  int    not null default 0,    -- number of its first partition
  add column base_offset bigint not null default 0,    -- added to the offsets of its topic
  add column moved       bigint[];                     -- of a closed generation, for each of its partitions: records above are still to be moved to the newest
