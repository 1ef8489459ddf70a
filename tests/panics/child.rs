//! Tests that end in an abort: this binary again, as a process of its own, running one test.

use std::env;
use std::fmt;
use std::io::Read;
use std::os::unix::process::ExitStatusExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

const ARGUMENT: &str = "SPLITMAP_TEST_CHILD";
const PATIENCE: Duration = Duration::from_mins(2);
const SIGABRT: i32 = 6;

/// What the parent passed; `None` in the parent.
pub(crate) fn argument() -> Option<String> {
    env::var(ARGUMENT).ok()
}

/// Whether processes can be started: neither Miri nor an emulator of programs passes that on.
pub(crate) fn possible() -> bool {
    let possible = !cfg!(miri) && !cfg!(splitmap_emulated);
    if !possible {
        println!("panics: NOT RUN: needs a process of its own, which this emulator does not start");
    }
    possible
}

/// How a child ended, and what it said.
pub(crate) struct Ended {
    status: ExitStatus,
    output: String,
}

impl Ended {
    pub(crate) fn success(&self) -> bool {
        self.status.success()
    }

    /// It aborted, and said so with `message`.
    pub(crate) fn aborted_with(&self, message: &str) -> bool {
        self.status.signal() == Some(SIGABRT) && self.output.contains(message)
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}, after\n{}", self.status, self.output)
    }
}

/// Runs `test` with `argument` to its end, which must come.
pub(crate) fn run(test: &str, argument: &str) -> Ended {
    let mut child = Command::new(env::current_exe().expect("the test's own path"))
        .args(["--exact", test, "--nocapture", "--test-threads=1"])
        .env(ARGUMENT, argument)
        .env("RUST_BACKTRACE", "0")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("a second process of the test");
    let start = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().expect("the state of a child") {
            break status;
        }
        if start.elapsed() > PATIENCE {
            let _ = child.kill();
            panic!("{test} {argument} hangs");
        }
        sleep(Duration::from_micros(500));
    };
    Ended {
        status,
        output: said(&mut child),
    }
}

/// What an ended child wrote: less than a pipe holds.
fn said(child: &mut Child) -> String {
    let mut said = String::new();
    if let Some(pipe) = &mut child.stdout {
        pipe.read_to_string(&mut said).expect("text");
    }
    if let Some(pipe) = &mut child.stderr {
        pipe.read_to_string(&mut said).expect("text");
    }
    said
}
