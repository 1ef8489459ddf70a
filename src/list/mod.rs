//! The list: one ordered, lock-free, singly linked list of all entries, with sentinels in it.
//!
//! M. Michael, "High Performance Dynamic Lock-Free Hash Tables and List-Based Sets", SPAA 2002.
//!
//! ```text
//!   mark:     pred ───► curr ─(MARK)─► next      the entry is gone: linearization of a removal
//!   unlink:   pred ──────────────────► next      by anyone who passes; who does it retires curr
//!
//!   replace:  pred ───► curr ─(MARK)─► new ───► next     one exchange of curr's link: the key is
//!   unlink:   pred ──────────────────► new ───► next     never absent in between
//!
//!   sentinels: slot ──► node ──► slot ──► node ──► node ──► slot ──► end
//! ```
//!
//! L1  Reachable nodes ascend by hash; among equal hashes, a new key goes behind the others, and an
//!     update takes the place of what it replaces. A sentinel stands before all nodes whose hash is
//!     at least its boundary, and behind all others.
//! L2  A mark never clears and freezes the link: nothing is inserted or unlinked behind a marked
//!     node before that node itself is unlinked.
//! L3  A node is unlinked by exactly one successful exchange, of its predecessor's unmarked link;
//!     that thread alone retires it.
//! L4  A node found through an unmarked link of a sentinel, or of a protected node, *after* a hazard
//!     for it was published, is protected: it was reachable then, so it was not retired before.
//! L5  A walk enters a slot only when its sentinel is linked; so it never meets an empty link.
//!     Sentinels are never marked and never freed while the map lives: they need no hazard.
//! L6  Whoever exchanges a link for a node's address, or copies such a pointer into another link, holds
//!     a hazard on that node, taken as in L4, from before the exchange until after it: so the address
//!     was not reused (no ABA), and the pointer is that of the node, not of a former one in its place.
//!     (Two exceptions need none: a marked node's frozen successor cannot be unlinked before that node
//!     is; and a mark changes a bit and copies nothing.)
//! L7  A node is protected, too, if its hazard was published before the node was linked: whoever unlinks it
//!     has read the exchange that linked it, or what came of it.
//!
//! L8  What stands behind a marked node stands in the list while that node does (L2): so it is protected as in L4
//!     if, after its hazard was published, the unmarked link before the marked nodes still leads to the first of
//!     them. For those who pass marked nodes and leave them where they are (`look`).
//!
//! Progress: lock-free. A failed exchange, a lost predecessor or a marked node means that another
//! operation succeeded.
//!
//! Edges: `link` — every exchange of a link (Release) → `Link::load` (Acquire).

mod link;
mod look;
mod node;
pub(crate) mod report;
mod uses;
mod walk;
mod window;

pub(crate) use link::{Kind, Link, Succ};
pub(crate) use look::{Behind, Look};
pub(crate) use node::{NewNode, Node};
pub(crate) use walk::{LinkPtr, Route, Step, Visit, advance, lookup, settle};
pub(crate) use window::{Window, search};
