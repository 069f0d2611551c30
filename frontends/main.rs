//! The composition root: the only place that knows every crate. It reads the settings,
//! opens the store and the doors, and waits; what any of them does is not its business.

mod cli;
mod config;

fn main() -> std::process::ExitCode {
    cli::run()
}
