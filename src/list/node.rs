//! Nodes: one entry each, and the sharing of keys between an entry and its update.
//!
//! ```text
//!   insert(k, v1)        update(k, f)                     update(k, g)
//!   ┌──────────────┐     ┌──────────────┐                 ┌──────────────┐
//!   │ next         │     │ next         │                 │ next         │
//!   │ hash │ shares│◄─┐  │ hash │ LENT  │◄─(replaced by)─ │ hash │ LENT  │
//!   │ key          │  └──┼─ owner       │           ┌─────┼─ owner       │
//!   │ value v1     │◄────┼──────────────┼───────────┘     │ value v3     │
//!   └──────────────┘     │ value v2     │                 └──────────────┘
//!     owns the key       └──────────────┘                   borrows the key
//! ```
//!
//! An update has no key to put into the new node and may not copy or move the old one's, which
//! readers may be looking at. So the new node *borrows* the key of the node that owns it; the owner
//! counts the nodes that use its key (itself included) and outlives them. The value of a node is
//! dropped when that node is reclaimed; the key, and the owner's memory, with its last user (`uses`).

use alloc::alloc::handle_alloc_error;
use core::alloc::Layout;
use core::mem::ManuallyDrop;
use core::ptr::{self, NonNull};

use super::link::{Link, Succ};
use super::uses::Uses;
use crate::reclaim::Reclaim;
use crate::sync::{Life, alloc, dealloc};

union Key<K, V> {
    own: ManuallyDrop<K>,
    owner: NonNull<Node<K, V>>,
}

#[repr(C, align(8))]
pub(crate) struct Node<K, V> {
    next: Link<Node<K, V>>,
    hash: u32,
    uses: Uses,
    key: Key<K, V>,
    value: ManuallyDrop<V>,
    life: Life,
}

// SAFETY: retired nodes change threads only if the map does: a map is `Send` or `Sync` only for `K`
// and `V` that are `Send`, and else stays on one thread with all its nodes.
unsafe impl<K, V> Send for Node<K, V> {}

impl<K, V> Node<K, V> {
    #[inline]
    pub(crate) fn next(&self) -> &Link<Self> {
        self.life.look();
        &self.next
    }

    #[inline]
    pub(crate) fn hash(&self) -> u32 {
        self.life.look();
        self.hash
    }

    #[inline]
    pub(crate) fn value(&self) -> &V {
        &self.value
    }

    #[inline]
    pub(crate) fn key(&self) -> &K {
        if self.uses.is_lent() {
            // SAFETY: of a lent node, `owner` is the field that was written.
            let owner = unsafe { self.key.owner };
            // SAFETY: this node holds a share of its owner until it is reclaimed, so the owner's
            // memory and key outlive the borrow of `self`. (A place, no reference to the whole
            // node: its value may be dropped meanwhile.)
            let key = unsafe { &raw const (*owner.as_ptr()).key.own };
            // SAFETY: as above; an owner's `own` was written at birth.
            return unsafe { &*key.cast::<K>() };
        }
        // SAFETY: of an owning node, `own` is the field that was written.
        unsafe { &self.key.own }
    }

    /// Key and value of `this`, which is freed.
    ///
    /// # Safety
    /// The caller owns `this` exclusively, gives it up, and has it from the list; of the nodes that used
    /// the same key, all others have been reclaimed.
    pub(crate) unsafe fn into_entry(this: NonNull<Self>) -> (K, V) {
        // SAFETY: alive and exclusive by contract.
        let owner = unsafe { Self::owner(this) };
        // SAFETY: alive by contract; `this` has a share of it.
        let uses = unsafe { &(*owner.as_ptr()).uses };
        let shares = uses.last_shares();
        debug_assert_eq!(shares, 1);
        // SAFETY: an owner; no other node uses its key, and none will.
        let key = unsafe { Self::take_key(owner) };
        // SAFETY: the caller gives the node up.
        let value = unsafe { Self::take_value(this) };
        if owner != this {
            // SAFETY: its value was dropped when it was reclaimed, its key is moved out, the last share is ours.
            unsafe { Self::free(owner) };
        }
        // SAFETY: exclusive by contract, its content moved out.
        unsafe { Self::free(this) };
        (key, value)
    }

    /// Moves the key of `this` out.
    ///
    /// # Safety
    /// Alive, an owner of its key, which nobody uses any more, nor drops.
    unsafe fn take_key(this: NonNull<Self>) -> K {
        // SAFETY: alive by contract.
        let key = unsafe { &raw const (*this.as_ptr()).key.own };
        // SAFETY: an owner's `own` was written at birth; moved out once, by contract.
        unsafe { ptr::read(key.cast::<K>()) }
    }

    /// Moves the value of `this` out.
    ///
    /// # Safety
    /// Alive, and nobody uses its value any more, nor drops it.
    unsafe fn take_value(this: NonNull<Self>) -> V {
        // SAFETY: alive by contract.
        let value = unsafe { &raw const (*this.as_ptr()).value };
        // SAFETY: written at birth; moved out once, by contract.
        unsafe { ptr::read(value.cast::<V>()) }
    }

    /// Key and value of `this`, the value for changing.
    ///
    /// # Safety
    /// For `'a`, `this` is in the list and the caller alone uses the list.
    pub(crate) unsafe fn entry_mut<'a>(this: NonNull<Self>) -> (&'a K, &'a mut V) {
        // SAFETY: alive by contract. (The value is a field of its own, so that the references are apart.)
        let key = ptr::from_ref(unsafe { this.as_ref() }.key());
        // SAFETY: alive by contract.
        let value = unsafe { &raw mut (*this.as_ptr()).value };
        // SAFETY: the caller's alone for `'a`, by contract.
        let value = unsafe { &mut *value.cast::<V>() };
        // SAFETY: alive for `'a`, by contract.
        (unsafe { &*key }, value)
    }

    /// Changes the hash by which `this` is filed.
    ///
    /// # Safety
    /// The caller owns `this` exclusively.
    pub(crate) unsafe fn set_hash(this: NonNull<Self>, hash: u32) {
        // SAFETY: alive by contract.
        let field = unsafe { &raw mut (*this.as_ptr()).hash };
        // SAFETY: exclusive by contract.
        unsafe { field.write(hash) };
    }

    /// The node that owns the key of `this`.
    ///
    /// # Safety
    /// `this` has not been reclaimed.
    unsafe fn owner(this: NonNull<Self>) -> NonNull<Self> {
        // SAFETY: alive by contract.
        if unsafe { &(*this.as_ptr()).uses }.is_lent() {
            // SAFETY: alive by contract.
            let key = unsafe { &(*this.as_ptr()).key };
            // SAFETY: of a lent node, `owner` is the field that was written.
            return unsafe { key.owner };
        }
        this
    }

    fn allocate() -> NonNull<Self> {
        let layout = Layout::new::<Self>();
        // SAFETY: a node is never of size 0: it has a link.
        let node = unsafe { alloc(layout) };
        NonNull::new(node.cast()).unwrap_or_else(|| handle_alloc_error(layout))
    }

    /// Gives the memory of `this` back.
    ///
    /// # Safety
    /// Of `allocate`, owned exclusively, and its fields dropped or moved out.
    unsafe fn free(this: NonNull<Self>) {
        // SAFETY: exclusive by contract, and not yet freed.
        unsafe { &(*this.as_ptr()).life }.end();
        // SAFETY: the layout of `allocate`; exclusive by contract.
        unsafe { dealloc(this.as_ptr().cast(), Layout::new::<Self>()) };
    }

    /// Gives one share of the key of `owner` up; with the last one, the key and the memory.
    ///
    /// # Safety
    /// The caller has a share of `owner`, and gives it up.
    unsafe fn release_key(owner: NonNull<Self>) {
        struct Free<K, V>(NonNull<Node<K, V>>);
        impl<K, V> Drop for Free<K, V> {
            fn drop(&mut self) {
                // SAFETY: the last share is ours, its key dropped (or dropping panicked).
                unsafe { Node::free(self.0) };
            }
        }
        // SAFETY: a share keeps the memory.
        if unsafe { &(*owner.as_ptr()).uses }.release() {
            let _free = Free(owner);
            // SAFETY: no share is left, so nobody reads the key; an owner's `own` was written.
            let key = unsafe { &raw mut (*owner.as_ptr()).key.own };
            // SAFETY: as above; dropped once, as the count reaches 0 once.
            unsafe { ptr::drop_in_place(key.cast::<K>()) };
        }
    }
}

// SAFETY: the link is not used by `reclaim`.
unsafe impl<K, V> Reclaim for Node<K, V> {
    unsafe fn set_next(this: NonNull<Self>, next: *mut Self) {
        // SAFETY: alive, and the caller's alone.
        let link = unsafe { &(*this.as_ptr()).next };
        link.set(NonNull::new(next).map_or(Succ::EMPTY, Succ::node));
    }

    unsafe fn next(this: NonNull<Self>) -> *mut Self {
        // SAFETY: alive, and the caller's alone.
        let link = unsafe { &(*this.as_ptr()).next };
        link.atomic().load_relaxed()
    }

    unsafe fn pin(this: NonNull<Self>) {
        // SAFETY: alive by contract.
        unsafe { &(*this.as_ptr()).uses }.pin();
    }

    unsafe fn unpin(this: NonNull<Self>) {
        // SAFETY: alive by contract.
        unsafe { &(*this.as_ptr()).uses }.unpin();
    }

    unsafe fn is_pinned(this: NonNull<Self>) -> bool {
        // SAFETY: alive by contract.
        unsafe { &(*this.as_ptr()).uses }.is_pinned()
    }

    unsafe fn reclaim(this: NonNull<Self>) {
        /// Runs also when dropping the value panics.
        struct Rest<K, V>(NonNull<Node<K, V>>);
        impl<K, V> Drop for Rest<K, V> {
            fn drop(&mut self) {
                // SAFETY: not yet freed.
                let owner = unsafe { Node::owner(self.0) };
                if owner != self.0 {
                    // SAFETY: a lent node has nothing else to drop, and is the caller's alone.
                    unsafe { Node::free(self.0) };
                }
                // SAFETY: this node held a share, of its own key or of its owner's.
                unsafe { Node::release_key(owner) };
            }
        }
        let _rest = Rest(this);
        // SAFETY: the caller's alone; other nodes may read the key, a field of its own.
        let value = unsafe { &raw mut (*this.as_ptr()).value };
        // SAFETY: written at birth, dropped here only, once.
        unsafe { ptr::drop_in_place(value.cast::<V>()) };
    }
}

/// A node that is not in the list yet. Dropping it drops what it holds.
pub(crate) struct NewNode<K, V>(NonNull<Node<K, V>>);

impl<K, V> NewNode<K, V> {
    pub(crate) fn new(hash: u32, key: K, value: V) -> Self {
        let node = Node::allocate();
        let content = Node {
            next: Link::new(Succ::EMPTY),
            hash,
            uses: Uses::owner(),
            key: Key {
                own: ManuallyDrop::new(key),
            },
            value: ManuallyDrop::new(value),
            life: Life::new(),
        };
        // SAFETY: allocated for a `Node<K, V>`, and nobody else has it.
        unsafe { node.write(content) };
        Self(node)
    }

    /// A node with the key of `node`.
    ///
    /// # Safety
    /// The caller protects `node`. The pointer has the list's provenance, not that of a reference: the
    /// last user of the key frees its owner through it.
    pub(super) unsafe fn lent(node: NonNull<Node<K, V>>, value: V) -> Self {
        // SAFETY: protected, so not reclaimed.
        let owner = unsafe { Node::owner(node) };
        // SAFETY: protected.
        let hash = unsafe { node.as_ref() }.hash;
        let new = Node::allocate();
        // SAFETY: `node` has a share of `owner`, which keeps it.
        unsafe { &(*owner.as_ptr()).uses }.share();
        let content = Node {
            next: Link::new(Succ::EMPTY),
            hash,
            uses: Uses::lent(),
            key: Key { owner },
            value: ManuallyDrop::new(value),
            life: Life::new(),
        };
        // SAFETY: as in `new`.
        unsafe { new.write(content) };
        Self(new)
    }

    pub(crate) fn ptr(&self) -> NonNull<Node<K, V>> {
        self.0
    }

    pub(crate) fn node(&self) -> &Node<K, V> {
        // SAFETY: ours until `published`.
        unsafe { self.0.as_ref() }
    }

    /// The list owns the node now.
    pub(crate) fn published(self) {
        core::mem::forget(self);
    }

    /// Takes the value out again, of a node made by [`lent`](Self::lent).
    pub(crate) fn into_value(self) -> V {
        let node = ManuallyDrop::new(self).0;
        // SAFETY: ours, alive; moved out once, as `self` is gone.
        let value = unsafe { Node::take_value(node) };
        // SAFETY: ours, alive.
        let owner = unsafe { Node::owner(node) };
        // SAFETY: ours; the value was moved out, and of a lent node that is all but the share.
        unsafe { Node::free(node) };
        // SAFETY: the share that `lent` took for this node.
        unsafe { Node::release_key(owner) };
        value
    }

    /// Takes key and value out again, of a node made by [`new`](Self::new).
    pub(crate) fn into_parts(self) -> (K, V) {
        debug_assert_eq!(self.node().uses.last_shares(), 1);
        let node = ManuallyDrop::new(self).0;
        // SAFETY: ours, alive, and an owner, as made by `new`; moved out once, as `self` is gone.
        let key = unsafe { Node::take_key(node) };
        // SAFETY: as above.
        let value = unsafe { Node::take_value(node) };
        // SAFETY: ours, and its content was moved out.
        unsafe { Node::free(node) };
        (key, value)
    }
}

impl<K, V> Drop for NewNode<K, V> {
    fn drop(&mut self) {
        // SAFETY: never published (else forgotten), so ours alone.
        unsafe { Node::reclaim(self.0) };
    }
}
