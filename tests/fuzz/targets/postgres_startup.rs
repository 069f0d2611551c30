//! Any bytes on a new connection: an opening, an error or the end, and no panic.

#![no_main]

use std::sync::OnceLock;

use bytes::BytesMut;
use libfuzzer_sys::fuzz_target;
use stele_postgres::wire::{frontend, output::Output, startup};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
use tokio::runtime::Runtime;

fn runtime() -> &'static (Runtime, TcpListener) {
    static RUNTIME: OnceLock<(Runtime, TcpListener)> = OnceLock::new();
    RUNTIME.get_or_init(|| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let listener = runtime.block_on(TcpListener::bind("127.0.0.1:0")).expect("a free port");
        (runtime, listener)
    })
}

async fn converse(listener: &TcpListener, bytes: &[u8]) -> std::io::Result<()> {
    let mut client = TcpStream::connect(listener.local_addr()?).await?;
    let (mut server, _) = listener.accept().await?;
    client.write_all(bytes).await?;
    client.shutdown().await?;
    let mut output = Output::default();
    let _ = startup::open(&mut server, &mut BytesMut::new(), &mut output).await;
    Ok(())
}

fuzz_target!(|bytes: &[u8]| {
    let (runtime, listener) = runtime();
    let _ = runtime.block_on(converse(listener, bytes));
    // The same bytes as the messages of a session.
    let mut buffer = BytesMut::from(bytes);
    while let Ok(Some(_)) = frontend::next(&mut buffer) {}
});
