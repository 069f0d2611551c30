//! Aside: work that takes long, on a thread whose other tasks go elsewhere meanwhile.

use tokio::runtime::{Handle, RuntimeFlavor};

/// Does what may take long, if it may; the runtime gives the thread's other tasks to another
/// thread. A runtime of one thread has none.
pub fn aside<T>(is_long: bool, work: impl FnOnce() -> T) -> T {
    let has_others = Handle::try_current()
        .is_ok_and(|runtime| runtime.runtime_flavor() == RuntimeFlavor::MultiThread);
    match is_long && has_others {
        true => tokio::task::block_in_place(work),
        false => work(),
    }
}
