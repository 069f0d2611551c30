//! The composition root: the only place that knows every crate. It reads the settings,
//! opens the store and the doors, and waits; what any of them does is not its business.

mod cli;
mod config;

/// Every write allocates and frees; the C library's allocator took a seventh of its time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    cli::run()
}
