//! The product's own binary, in a process of its own, and what the system says of it.

use std::io::{Read as _, Write as _};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use crate::load::Site;

/// Longest wait for a server to come or to go.
const PATIENCE: Duration = Duration::from_secs(120);
/// The kernel counts CPU time in these (`getconf CLK_TCK`).
const TICK: Duration = Duration::from_millis(10);

pub(crate) struct Server {
    pub(crate) site: Site,
    /// From the start of the process to its first answer on the public address.
    pub(crate) started_in: Duration,
    child: Child,
}

impl Server {
    pub(crate) fn start(site: Site) -> Self {
        let began = Instant::now();
        let child = Command::new(env!("CARGO_BIN_EXE_waypost"))
            .arg("serve")
            .env_clear()
            .envs(site.environment())
            .stdin(Stdio::null())
            .spawn()
            .unwrap();
        let mut server = Self { site, started_in: Duration::ZERO, child };
        while !server.answers() {
            assert!(server.child.try_wait().unwrap().is_none(), "the server ended at its start");
            assert!(began.elapsed() < PATIENCE, "the server did not answer");
            std::thread::sleep(Duration::from_millis(1));
        }
        server.started_in = began.elapsed();
        server
    }

    /// Waits for an answer as soon as the address is bound.
    fn answers(&self) -> bool {
        let Ok(mut stream) = TcpStream::connect(self.site.public) else { return false };
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream.write_all(b"GET /activities/messaging/config.json HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n").unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).is_ok() && answer.ends_with(b" 200")
    }

    /// Stops the server as systemd does, and tells how long it took.
    pub(crate) fn stop(mut self) -> Duration {
        let began = Instant::now();
        let pid = self.child.id().to_string();
        assert!(Command::new("kill").args(["-TERM", &pid]).status().unwrap().success());
        let status = self.child.wait().unwrap();
        assert!(status.success(), "the server ended with {status}");
        began.elapsed()
    }

    pub(crate) fn rss_mb(&self) -> f64 {
        self.status_mb("VmRSS:")
    }

    pub(crate) fn peak_mb(&self) -> f64 {
        self.status_mb("VmHWM:")
    }

    fn status_mb(&self, name: &str) -> f64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.child.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        line.trim().trim_end_matches(" kB").parse::<f64>().unwrap() / 1_024.0
    }

    /// CPU time that the server has used.
    pub(crate) fn cpu(&self) -> Duration {
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap();
        let (_, fields) = stat.rsplit_once(") ").unwrap();
        let ticks = fields.split(' ').skip(11).take(2).map(|ticks| ticks.parse::<u32>().unwrap());
        TICK * ticks.sum::<u32>()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // Gone already, when it was stopped.
        self.child.kill().ok();
        self.child.wait().ok();
    }
}
