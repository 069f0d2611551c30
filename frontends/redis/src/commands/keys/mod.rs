//! # Keys, whatever they hold
//!
//! **What.** Deleting, testing and naming (`basic`), deadlines (`expiry`), enumerating (`scan`),
//! moving (`transfer`), describing (`object`).
//!
//! **Why.** These look at a record's head and not at its elements, so they are the same for every
//! type and for rows of tables.
//!
//! **How.** A key's head says its type, its deadline and how many elements there are. Moving a
//! record reads the whole of it and writes it again in a transaction, because source and
//! destination may lie in different partitions.
//!
//! **Limits.** RENAME and COPY cost time in proportion to the record. SCAN returns whole slots.
//!
//! **Further reading.** `scan` for the cursor, `core/src/record/head.rs` for the head.

pub mod basic;
pub mod expiry;
pub mod object;
pub mod scan;
pub mod transfer;
pub mod walk;
