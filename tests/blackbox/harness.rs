//! One server process, its folder, and its clients.

use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::sync_channel;
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// A cold start on a busy machine; a warm one takes well under a second.
const READY_MAX: Duration = Duration::from_secs(60);
const EXIT_MAX: Duration = Duration::from_secs(30);

/// Where the doors of one start answer.
#[derive(Clone, Copy, Debug)]
pub struct Doors {
    pub redis: SocketAddr,
    pub postgres: SocketAddr,
    pub http: SocketAddr,
    pub nats: SocketAddr,
    /// Where the nats door is monitored, if that was asked for.
    pub nats_monitor: Option<SocketAddr>,
}

/// A server process and the folder it stores in, which outlives restarts.
pub struct Server {
    pub doors: Doors,
    child: Child,
    folder: TempDir,
    flags: Vec<String>,
}

impl Server {
    /// A new server in a new folder, with the default settings and free ports.
    pub fn start() -> Self {
        Self::start_with(&[])
    }

    /// The same with more flags.
    pub fn start_with(flags: &[&str]) -> Self {
        Self::start_preloaded(flags, &[])
    }

    /// The same with variables in its environment, for this start only.
    pub fn start_preloaded(flags: &[&str], variables: &[(&str, &Path)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let flags: Vec<String> = flags.iter().map(|flag| (*flag).to_string()).collect();
        let (child, doors) = launch(folder.path(), &flags, variables);
        Self {
            doors,
            child,
            folder,
            flags,
        }
    }

    pub fn data(&self) -> PathBuf {
        self.folder.path().join("data")
    }

    pub fn folder(&self) -> &Path {
        self.folder.path()
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Ends the process as a power switch would, without a word.
    pub fn kill(&mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Starts it again in the same folder; its ports may change.
    pub fn start_again(&mut self) {
        let (child, doors) = launch(self.folder.path(), &self.flags, &[]);
        self.child = child;
        self.doors = doors;
    }

    /// Asks it to stop, as an operator would.
    pub fn terminate(&mut self) -> ExitStatus {
        let pid = self.child.id().to_string();
        assert!(
            Command::new("kill")
                .args(["-TERM", &pid])
                .status()
                .unwrap()
                .success()
        );
        self.exited()
    }

    /// Waits until the process has ended by itself.
    pub fn exited(&mut self) -> ExitStatus {
        let deadline = Instant::now() + EXIT_MAX;
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status;
            }
            assert!(
                Instant::now() < deadline,
                "the server did not exit\n{}",
                self.log()
            );
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// What it said on standard error, over all starts.
    pub fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    pub fn redis(&self) -> redis::Connection {
        redis(self.doors).unwrap()
    }

    pub fn postgres(&self) -> postgres::Client {
        postgres(self.doors).unwrap()
    }

    pub fn redis_socket(&self) -> TcpStream {
        socket(self.doors.redis)
    }

    pub fn nats_socket(&self) -> TcpStream {
        socket(self.doors.nats)
    }

    pub fn postgres_socket(&self) -> TcpStream {
        socket(self.doors.postgres)
    }

    /// Memory in use now, bytes.
    pub fn resident_bytes(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).unwrap();
        let line = status
            .lines()
            .find(|line| line.starts_with("VmRSS:"))
            .unwrap();
        line.split_whitespace()
            .nth(1)
            .unwrap()
            .parse::<u64>()
            .unwrap()
            * 1024
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if std::thread::panicking() {
            let log = self.log();
            let from = log.len().saturating_sub(4_000);
            eprintln!(
                "--- the server's log ends with:\n{}",
                log.get(from..).unwrap_or(&log)
            );
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A redis client, or why there is none.
pub fn redis(doors: Doors) -> redis::RedisResult<redis::Connection> {
    let connection = redis::Client::open(format!("redis://{}/", doors.redis))?.get_connection()?;
    connection.set_read_timeout(Some(Duration::from_secs(20)))?;
    Ok(connection)
}

/// A postgres client, or why there is none.
pub fn postgres(doors: Doors) -> Result<postgres::Client, postgres::Error> {
    let mut config = postgres::Config::new();
    config
        .host(&doors.postgres.ip().to_string())
        .port(doors.postgres.port());
    config
        .user("stele")
        .dbname("stele")
        .connect_timeout(Duration::from_secs(20));
    config.connect(postgres::NoTls)
}

/// A bare connection, with timeouts so that a silent server fails the test.
fn socket(address: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(address).unwrap();
    stream
        .set_read_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
        .set_write_timeout(Some(Duration::from_secs(20)))
        .unwrap();
    stream
}

/// The binary under test: the one just built, unless `BLACKBOX_BINARY` names another.
pub fn stele() -> Command {
    Command::new(
        std::env::var_os("BLACKBOX_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_stele").into()),
    )
}

/// Runs a command that must end by itself, and soon.
pub fn ends(command: &mut Command) -> std::process::Output {
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let deadline = Instant::now() + EXIT_MAX;
    while child.try_wait().unwrap().is_none() {
        if Instant::now() > deadline {
            child.kill().unwrap();
            panic!("{command:?} did not end: {:?}", child.wait_with_output());
        }
        std::thread::sleep(Duration::from_millis(10));
    }
    child.wait_with_output().unwrap()
}

/// The command that starts a server in this folder.
pub fn serve(folder: &Path) -> Command {
    let mut command = stele();
    command.arg("serve").arg("--data").arg(folder.join("data"));
    command.args(["--redis-port", "0", "--postgres-port", "0"]);
    command.args(["--http-port", "0"]);
    command.args(["--nats-port", "0"]);
    command
}

fn launch(folder: &Path, flags: &[String], variables: &[(&str, &Path)]) -> (Child, Doors) {
    let log = std::fs::OpenOptions::new()
        .create(true)
        .append(true)
        .open(folder.join("log"))
        .unwrap();
    let mut command = serve(folder);
    command
        .args(flags)
        .envs(variables.iter().copied())
        .stdout(Stdio::piped())
        .stderr(log);
    let mut child = command.spawn().unwrap();
    let stdout = child.stdout.take().unwrap();
    let (line, ready) = sync_channel(1);
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = BufReader::new(stdout).read_line(&mut text);
        let _ = line.send(text);
    });
    match ready
        .recv_timeout(READY_MAX)
        .ok()
        .as_deref()
        .and_then(parse_ready)
    {
        Some(doors) => (child, doors),
        None => {
            let _ = child.kill();
            let _ = child.wait();
            panic!(
                "no ready line\n{}",
                std::fs::read_to_string(folder.join("log")).unwrap_or_default()
            );
        }
    }
}

/// `ready {"redis":"127.0.0.1:1","postgres":"127.0.0.1:2","http":"127.0.0.1:3","nats":"127.0.0.1:4"}`
pub fn parse_ready(line: &str) -> Option<Doors> {
    let json: serde_json::Value = serde_json::from_str(line.strip_prefix("ready ")?.trim()).ok()?;
    let door = |name: &str| json.get(name)?.as_str()?.parse().ok();
    Some(Doors {
        redis: door("redis")?,
        postgres: door("postgres")?,
        http: door("http")?,
        nats: door("nats")?,
        nats_monitor: door("nats_monitor"),
    })
}

/// A generator of numbers that look random and repeat from their seed (SplitMix64).
pub struct Dice(pub u64);

impl Dice {
    pub fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// From 0 up to but not including `end`.
    pub fn below(&mut self, end: u64) -> u64 {
        self.next() % end
    }
}
