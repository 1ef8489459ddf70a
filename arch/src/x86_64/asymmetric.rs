//! The asymmetric form of x86-64 Linux: the reader pays nothing, the remover a system call.
//!
//! ```text
//!   reader                       remover
//!   mov  [hazard], node          unlink
//!   ; compiler fence             membarrier ──► full barrier on each CPU that runs a thread of ours
//!   mov  node', [link]           read hazards
//! ```
//!
//! The barrier falls at one point of each running reader. If that point is before the reader's load
//! of the link, the load sees the unlinking, which came before the system call. If it is after, the
//! reader's store left the store buffer before the hazards are read, which come after the system
//! call. A thread that does not run was switched out, and the switch is a full barrier. (The kernel's
//! own account: `membarrier(2)`, and scenarios A to E in `kernel/sched/membarrier.c`.)
//!
//! The choice is made once: `UNDECIDED -> ASYMMETRIC | FENCED`, by compare-and-swap. It never changes
//! afterwards (O2): a reader that runs without a fence cannot be told to begin with one.

use crate::ACTIVE;
use crate::contract::{Backend as _, PtrWord};
use core::sync::atomic::Ordering::{AcqRel, Acquire, Release, SeqCst};
use core::sync::atomic::{AtomicU8, compiler_fence};

const UNDECIDED: u8 = 0;
const FENCED: u8 = 1;
const ASYMMETRIC: u8 = 2;

/// The process's form.
static CHOICE: AtomicU8 = AtomicU8::new(UNDECIDED);

/// One of the two forms of this build; one byte.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    Fenced,
    Asymmetric,
}

impl Form {
    pub(crate) const FENCED: Self = Self::Fenced;

    pub(crate) fn register() -> Self {
        // ORD[choice] Acquire: pairs with the compare-and-swap in `decide`.
        let choice = match CHOICE.load(Acquire) {
            UNDECIDED => decide(),
            decided => decided,
        };
        if choice == ASYMMETRIC {
            Self::Asymmetric
        } else {
            Self::Fenced
        }
    }

    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Fenced => "fenced",
            Self::Asymmetric => "asymmetric",
        }
    }

    #[inline(always)]
    pub(crate) fn load_after_publish(self, link: &PtrWord) -> *mut () {
        match self {
            // ORD[publish.dekker] compiler fence: `heavy` makes it a full one where it matters.
            Self::Asymmetric => compiler_fence(SeqCst),
            // ORD[publish.dekker] SeqCst: pairs with the fence in `heavy`.
            Self::Fenced => ACTIVE.fence(),
        }
        // ORD[publish.link] Acquire: pairs with the release of the node's insertion.
        link.load(Acquire)
    }

    /// The same for both forms: a locked read-modify-write is a full barrier, and loads are made in their order
    /// (Intel SDM vol. 3, 9.2.2); what a load returns, all have seen ("stores are transitively visible").
    #[inline(always)]
    #[expect(clippy::unused_self, reason = "one interface with the other forms")]
    pub(crate) fn load_after_update(self, word: &PtrWord) -> *mut () {
        // ORD[publish.dekker] compiler fence: pairs with the fence in `heavy`; the processor does the rest.
        compiler_fence(SeqCst);
        // ORD[publish.link] Acquire: pairs with the release of whoever wrote the word.
        word.load(Acquire)
    }

    #[inline(always)]
    pub(crate) fn publish_then_load(
        self,
        hazard: &PtrWord,
        value: *mut (),
        link: &PtrWord,
    ) -> *mut () {
        match self {
            Self::Asymmetric => {
                // ORD[publish.release] Release: pairs with the scan's acquire load of the hazard.
                hazard.store(value, Release);
                // ORD[publish.dekker] compiler fence: as above.
                compiler_fence(SeqCst);
            }
            // ORD[publish.release, publish.dekker] Release, then SeqCst.
            Self::Fenced => ACTIVE.store_then_fence(hazard, value),
        }
        // ORD[publish.link] Acquire: pairs with the release of the node's insertion.
        link.load(Acquire)
    }

    #[inline]
    pub(crate) fn heavy(self) {
        // ORD[publish.dekker] SeqCst: all that the fenced form needs. The kernel returns at once, and
        // without a barrier, to a process of one thread or on one CPU: so the asymmetric form needs
        // it too, to be the fence that callers are promised.
        ACTIVE.fence();
        if self == Self::Asymmetric {
            barrier_everywhere();
        }
    }
}

/// Registers with the kernel, and settles the process's form by whether it agreed.
#[cold]
fn decide() -> u8 {
    settle(&CHOICE, membarrier(COMMAND_REGISTER))
}

/// Decides `choice` if nobody has; returns what was decided.
///
/// A thread whose registration failed may follow one whose registration succeeded: the registration
/// belongs to the process.
fn settle(choice: &AtomicU8, granted: bool) -> u8 {
    let mine = if granted { ASYMMETRIC } else { FENCED };
    // ORD[choice] AcqRel: whoever reads ASYMMETRIC does so after a registration that succeeded.
    match choice.compare_exchange(UNDECIDED, mine, AcqRel, Acquire) {
        Ok(_) => mine,
        Err(decided) => decided,
    }
}

/// Runs a full barrier on every CPU that runs a thread of this process, or ends the process.
///
/// The kernel can refuse later what it granted: the process was restored from a checkpoint without its
/// registration, or a sandbox (seccomp) was put up. Registering anew helps in the first case. A fence
/// here would help in neither: the readers have none, and to free their nodes on the strength of it
/// would be a use after free, silent and rare.
#[cold]
fn barrier_everywhere() {
    if membarrier(COMMAND_BARRIER) {
        return;
    }
    if membarrier(COMMAND_REGISTER) && membarrier(COMMAND_BARRIER) {
        return;
    }
    abort_with(
        b"splitmap: membarrier(2) was granted at start and is refused now (a seccomp filter \
          installed later?). Readers run without fences on the strength of it; aborting.\n",
    );
}

/// `MEMBARRIER_CMD_PRIVATE_EXPEDITED`, Linux 4.14.
const COMMAND_BARRIER: libc::c_int = 1 << 3;
/// `MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED`, Linux 4.14.
const COMMAND_REGISTER: libc::c_int = 1 << 4;

/// Calls `membarrier(2)`; says whether it succeeded.
fn membarrier(command: libc::c_int) -> bool {
    const NO_FLAGS: libc::c_int = 0;
    const NO_CPU: libc::c_int = 0;
    // SAFETY: this system call reads and writes no memory of ours; unknown commands return an error.
    let status = unsafe { libc::syscall(libc::SYS_membarrier, command, NO_FLAGS, NO_CPU) };
    status == 0
}

/// Writes `message` to standard error and ends the process.
fn abort_with(message: &[u8]) -> ! {
    // SAFETY: pointer and length are those of one live slice. The result does not matter: the next
    // line ends the process.
    unsafe { libc::write(libc::STDERR_FILENO, message.as_ptr().cast(), message.len()) };
    // SAFETY: `abort` may be called at any time.
    unsafe { libc::abort() }
}

#[cfg(test)]
#[path = "asymmetric_tests.rs"]
mod tests;
