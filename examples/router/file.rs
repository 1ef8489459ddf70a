//! The file of routes: lines of text into hosts.

use std::collections::BTreeMap;
use std::fmt;

use matchit::Router;

/// The paths of one host.
#[derive(Default)]
pub(crate) struct Host {
    /// Each leads to one of the backends.
    pub(crate) paths: Router<usize>,
    pub(crate) backends: Vec<Box<str>>,
    /// The lines that it was made of, to see whether it has changed.
    pub(crate) lines: String,
}

/// What is wrong with a line.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    line: usize,
    what: String,
}

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}: {}", self.line, self.what)
    }
}

/// All hosts of a file, by name.
pub(crate) fn parse(text: &str) -> Result<BTreeMap<Box<str>, Host>, Fault> {
    let mut hosts: BTreeMap<Box<str>, Host> = BTreeMap::new();
    for (n, line) in text.lines().enumerate() {
        let fault = |what: String| Fault { line: n + 1, what };
        let words: Vec<&str> = line
            .split('#')
            .next()
            .unwrap_or_default()
            .split_whitespace()
            .collect();
        match words[..] {
            [] => {}
            [host, path, backend] => {
                let host = hosts.entry(host.into()).or_default();
                host.paths
                    .insert(path, host.backends.len())
                    .map_err(|error| fault(format!("path {path}: {error}")))?;
                host.backends.push(backend.into());
                host.lines.extend([path, " ", backend, "\n"]);
            }
            _ => {
                let what = format!("{} words instead of HOST PATH BACKEND", words.len());
                return Err(fault(what));
            }
        }
    }
    Ok(hosts)
}

#[cfg(test)]
mod tests {
    use super::{Fault, parse};

    #[test]
    fn comments_and_empty_lines_are_skipped() {
        let hosts = parse("# a\n\n  a.b /x  one # why\na.b /y two\n* / three\n")
            .ok()
            .unwrap();
        assert_eq!(
            hosts.keys().map(|name| &**name).collect::<Vec<_>>(),
            ["*", "a.b"]
        );
        assert_eq!(hosts["a.b"].lines, "/x one\n/y two\n");
        assert!(parse("").ok().unwrap().is_empty());
    }

    #[test]
    fn a_fault_has_a_line_and_a_reason() {
        for (text, line, what) in [
            ("a / b\na /x\n", 2, "2 words"),
            ("a / b c", 1, "4 words"),
            ("a /x b\n\na /x c", 3, "path /x"),
            ("a /{x}{y} b", 1, "path /{x}{y}"),
        ] {
            let Err(Fault {
                line: found,
                what: said,
            }) = parse(text)
            else {
                panic!("accepted: {text}")
            };
            assert_eq!(found, line);
            assert!(said.starts_with(what), "{said}");
        }
    }
}
