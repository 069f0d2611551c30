//! `stele serve`: a node until somebody asks it to stop.

use crate::config::Settings;

use super::Failure;
use super::node::{Background, EXIT_MAX, Node, runtime};
use super::stop::Stop;

pub fn run(settings: Settings) -> Result<(), Failure> {
    let runtime = runtime(&settings)?;
    match runtime.block_on(serve(settings)) {
        Ok(sql) => {
            sql.join();
            runtime.shutdown_timeout(EXIT_MAX);
            Ok(())
        }
        Err(failure) => {
            // After a failure nothing may be waited for.
            runtime.shutdown_background();
            Err(failure)
        }
    }
}

async fn serve(settings: Settings) -> Result<Background, Failure> {
    let mut stop = Stop::listen().map_err(Failure::running)?;
    let node = Node::open(&settings).await?;
    say_ready(&node);
    tokio::select! {
        () = stop.asked() => {}
        failure = node.failed() => return Err(failure),
    }
    tracing::info!("stopping");
    node.close().await
}

/// The one line on standard output that scripts wait for.
#[allow(clippy::print_stdout)]
fn say_ready(node: &Node) {
    println!("ready {}", node.addresses());
}
