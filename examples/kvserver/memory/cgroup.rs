//! The memory limit of the control group that this process is in (cgroups(7)), of version 2 or 1.
//!
//! A group is held to its ancestors' limits too, so the least of them counts. In a container, where the group is the
//! root of what is to be seen, its file stands at the root whatever `/proc/self/cgroup` says.

use std::fs::read_to_string;
use std::path::Path;

/// Where each version keeps its groups, and the file with the limit.
const VERSIONS: [(&str, &str, &str); 2] = [
    ("", "sys/fs/cgroup", "memory.max"),
    ("memory", "sys/fs/cgroup/memory", "memory.limit_in_bytes"),
];

/// The least limit in bytes, if there is one; `root` is `/`.
pub(super) fn limit(root: &Path) -> Option<usize> {
    let groups = read_to_string(root.join("proc/self/cgroup")).ok()?;
    let limits = VERSIONS.iter().flat_map(|(controller, folder, file)| {
        let folder = root.join(folder);
        let group = groups
            .lines()
            .find_map(|line| of_controller(line, controller));
        let group = folder.join(group.unwrap_or_default());
        let up: Vec<_> = group
            .ancestors()
            .take_while(|up| up.starts_with(&folder))
            .collect();
        up.into_iter()
            .filter_map(|up| read(&up.join(file)))
            .collect::<Vec<_>>()
    });
    limits.min()
}

/// The group's path, without its first slash, if `line` (`number:controllers:/path`) is about `controller`.
fn of_controller<'l>(line: &'l str, controller: &str) -> Option<&'l str> {
    let (_number, line) = line.split_once(':')?;
    let (controllers, path) = line.split_once(':')?;
    let named = controllers.split(',').any(|name| name == controller);
    path.strip_prefix('/').filter(|_| named)
}

/// None for `max`, and for the huge number by which version 1 says the same.
fn read(file: &Path) -> Option<usize> {
    let bytes: usize = read_to_string(file).ok()?.trim().parse().ok()?;
    (bytes < 1 << 60).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use super::limit;
    use std::fs::{create_dir_all, remove_dir_all, write};

    /// The limit found in a tree of these files.
    fn limit_among(name: &str, files: &[(&str, &str)]) -> Option<usize> {
        let root = std::env::temp_dir().join(format!("kvserver-{name}-{}", std::process::id()));
        for (path, text) in files {
            let path = root.join(path);
            create_dir_all(path.parent().expect("a folder")).expect("made");
            write(path, text).expect("written");
        }
        let found = limit(&root);
        let _absent_if_no_files = remove_dir_all(&root);
        found
    }

    #[test]
    fn the_least_limit_on_the_way_to_the_root_counts() {
        let groups = ("proc/self/cgroup", "0::/a/b\n");
        let files = |a, b| {
            [
                groups,
                ("sys/fs/cgroup/a/memory.max", a),
                ("sys/fs/cgroup/a/b/memory.max", b),
            ]
        };
        assert_eq!(limit_among("own", &files("max\n", "4096\n")), Some(4096));
        assert_eq!(limit_among("upper", &files("4096\n", "8192\n")), Some(4096));
        assert_eq!(limit_among("none", &files("max\n", "max\n")), None);
    }

    #[test]
    fn a_container_sees_its_group_as_the_root() {
        let file = ("sys/fs/cgroup/memory.max", "4096\n");
        assert_eq!(
            limit_among("root", &[("proc/self/cgroup", "0::/\n"), file]),
            Some(4096)
        );
        assert_eq!(
            limit_among("outer", &[("proc/self/cgroup", "0::/not/seen\n"), file]),
            Some(4096)
        );
        assert_eq!(limit_among("no-proc", &[]), None);
    }

    #[test]
    fn version_1_has_its_own_tree_and_a_huge_number_for_none() {
        let groups = (
            "proc/self/cgroup",
            "3:cpu,cpuacct:/x\n2:memory:/docker/c\n0::/\n",
        );
        let limit_of = |name, text| {
            limit_among(
                name,
                &[
                    groups,
                    ("sys/fs/cgroup/memory/docker/c/memory.limit_in_bytes", text),
                ],
            )
        };
        assert_eq!(limit_of("v1", "4096\n"), Some(4096));
        assert_eq!(limit_of("v1-none", "9223372036854771712\n"), None);
    }
}
