//! The table of routes: read by everybody, changed host by host.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Deref;

use splitmap::{HashMap, Ref};

use crate::file::Host;

/// The routes that hold now.
#[derive(Default)]
pub(crate) struct Table {
    hosts: HashMap<Box<str>, Host>,
}

/// A backend, readable as long as it is held, whatever becomes of the table.
pub(crate) struct Route<'t> {
    host: Ref<'t, Box<str>, Host>,
    backend: usize,
}

impl Deref for Route<'_> {
    type Target = str;

    fn deref(&self) -> &str {
        &self.host.backends[self.backend]
    }
}

/// What a reload changed: numbers of hosts.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Change {
    pub(crate) new: usize,
    pub(crate) changed: usize,
    pub(crate) gone: usize,
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { new, changed, gone } = self;
        write!(
            f,
            "routes reloaded: {new} new hosts, {changed} changed, {gone} gone"
        )
    }
}

impl Table {
    /// Where to send a request: by its host's paths, or by those of `*` if the host is not in the table.
    pub(crate) fn route(&self, host: &str, path: &str) -> Option<Route<'_>> {
        let host = self.hosts.get(host).or_else(|| self.hosts.get("*"))?;
        let backend = *host.paths.at(path).ok()?.value;
        Some(Route { host, backend })
    }

    /// Makes the table what `hosts` says. Each host is the old one or the new one for every request, and those
    /// that have not changed are not touched. By one thread at a time.
    pub(crate) fn become_these(&self, hosts: BTreeMap<Box<str>, Host>) -> Change {
        let mut change = Change::default();
        self.hosts.retain(|name, _| {
            let stays = hosts.contains_key(name);
            change.gone += usize::from(!stays);
            stays
        });
        for (name, host) in hosts {
            let old = self.hosts.get(&name);
            if old.is_some_and(|old| old.lines == host.lines) {
                continue;
            }
            match self.hosts.insert(name, host) {
                Some(_) => change.changed += 1,
                None => change.new += 1,
            }
        }
        change
    }
}

#[cfg(test)]
mod tests {
    use super::{Change, Table};
    use crate::file;
    use std::sync::atomic::{AtomicBool, Ordering};
    use std::thread;

    fn reload(table: &Table, text: &str) -> Change {
        table.become_these(file::parse(text).ok().unwrap())
    }

    #[test]
    fn the_longest_path_of_the_host_decides_and_others_have_the_star() {
        let table = Table::default();
        assert!(table.route("a.b", "/").is_none());
        reload(
            &table,
            "a.b /x/{id} one\na.b /{*rest} two\n* /{*rest} three",
        );
        let to = |host, path| table.route(host, path).map(|route| route.to_owned());
        assert_eq!(to("a.b", "/x/7").as_deref(), Some("one"));
        assert_eq!(to("a.b", "/y").as_deref(), Some("two"));
        assert_eq!(to("other", "/y").as_deref(), Some("three"));
        assert_eq!(to("a.b", ""), None);
    }

    #[test]
    fn a_reload_changes_what_has_changed_and_says_so() {
        let table = Table::default();
        let change = reload(&table, "a / 1\nb / 2\nc / 3");
        assert_eq!((change.new, change.changed, change.gone), (3, 0, 0));
        let held = table.route("a", "/").unwrap();
        let change = reload(&table, "a / 9\nb / 2 # the same\nd / 4");
        assert_eq!((change.new, change.changed, change.gone), (1, 1, 1));
        assert_eq!((&*held, &*table.route("a", "/").unwrap()), ("1", "9"));
        assert!(table.route("c", "/").is_none());
        let change = reload(&table, "a / 9\nb / 2\nd / 4");
        assert_eq!(change, Change::default());
    }

    /// A host has two paths to the same backend: no request sees one old and one new.
    #[test]
    fn no_request_sees_half_of_a_host() {
        let table = Table::default();
        reload(&table, "a /x 0\na /y 0");
        let over = AtomicBool::new(false);
        thread::scope(|scope| {
            for _ in 0..2 {
                scope.spawn(|| {
                    while !over.load(Ordering::Relaxed) {
                        let route = table.route("a", "/x").expect("always there");
                        let other = route.host.paths.at("/y").unwrap().value;
                        assert_eq!(&*route, &*route.host.backends[*other]);
                    }
                });
            }
            for n in 1..2_000 {
                reload(&table, &format!("a /x {n}\na /y {n}"));
            }
            over.store(true, Ordering::Relaxed);
        });
    }
}
