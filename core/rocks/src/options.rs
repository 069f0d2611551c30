//! Options: few settings out, many decisions in.

use rocksdb::{
    BlockBasedOptions, Cache, ColumnFamilyDescriptor, DBCompressionType, DBRecoveryMode, Options,
};
use stele_core::store::Family;

/// What an operator may want to change.
#[derive(Clone, Debug)]
pub struct RocksOptions {
    /// Memory for blocks read from disk, bytes.
    pub block_cache_bytes: usize,
    /// Memory for rows not yet in files, over all families, bytes.
    pub memtable_bytes: usize,
    /// Threads for flushes and compactions.
    pub background_jobs: i32,
    /// Files kept open.
    pub open_files_max: i32,
}

impl Default for RocksOptions {
    fn default() -> Self {
        Self {
            block_cache_bytes: 64 << 20,
            memtable_bytes: 64 << 20,
            background_jobs: 2,
            open_files_max: 512,
        }
    }
}

impl RocksOptions {
    /// The database's options, and each family's.
    pub(crate) fn build(&self) -> (Options, Vec<ColumnFamilyDescriptor>) {
        let cache = Cache::new_lru_cache(self.block_cache_bytes);
        let families = Family::ALL
            .into_iter()
            .map(|family| ColumnFamilyDescriptor::new(family.name(), self.family(family, &cache)));
        // RocksDB insists on a family of this name; it stays empty.
        let default = ColumnFamilyDescriptor::new("default", Options::default());
        (self.database(), families.chain([default]).collect())
    }

    fn database(&self) -> Options {
        let mut options = Options::default();
        options.create_if_missing(true);
        options.create_missing_column_families(true);
        self.durability(&mut options);
        options.set_db_write_buffer_size(self.memtable_bytes);
        options.set_max_background_jobs(self.background_jobs);
        options.set_max_open_files(self.open_files_max);
        // There is one writer: its inserts need not be safe against others.
        options.set_allow_concurrent_memtable_write(false);
        options.set_enable_write_thread_adaptive_yield(false);
        // Little by little, so that a sync finds little left to do.
        options.set_bytes_per_sync(1 << 20);
        options.set_wal_bytes_per_sync(1 << 20);
        options.set_keep_log_file_num(4);
        options.set_max_log_file_size(4 << 20);
        options.set_stats_dump_period_sec(0);
        options.set_stats_persist_period_sec(0);
        options
    }

    fn durability(&self, options: &mut Options) {
        options.set_wal_recovery_mode(DBRecoveryMode::PointInTime);
        options.set_track_and_verify_wals_in_manifest(true);
        options.set_paranoid_checks(true);
        // With several families, a write that only reached our own buffer could
        // survive in one of them and not in another.
        options.set_manual_wal_flush(false);
        // A family that is rarely written would keep old journals for ever.
        options.set_max_total_wal_size(2 * self.memtable_bytes as u64);
    }

    fn family(&self, family: Family, cache: &Cache) -> Options {
        let mut options = Options::default();
        options.set_compression_type(DBCompressionType::Lz4);
        options.set_level_compaction_dynamic_level_bytes(true);
        options.set_write_buffer_size(self.memtable_bytes / 4);
        options.set_max_write_buffer_number(4);
        options.set_target_file_size_base(32 << 20);
        options.set_max_bytes_for_level_base(128 << 20);
        options.set_level_zero_file_num_compaction_trigger(4);
        options.set_level_zero_slowdown_writes_trigger(20);
        options.set_level_zero_stop_writes_trigger(40);
        let mut table = BlockBasedOptions::default();
        table.set_block_cache(cache);
        table.set_block_size(8 << 10);
        table.set_format_version(5);
        table.set_cache_index_and_filter_blocks(true);
        table.set_pin_l0_filter_and_index_blocks_in_cache(true);
        if family == Family::Base {
            // Most reads ask for one record, and many for one that is not there.
            table.set_bloom_filter(10.0, false);
            table.set_whole_key_filtering(true);
            options.set_memtable_whole_key_filtering(true);
            options.set_memtable_prefix_bloom_ratio(0.1);
        }
        options.set_block_based_table_factory(&table);
        options
    }
}
