//! Tests of the asymmetric form: the choice is for good, and a later refusal ends the process.
#![expect(
    clippy::cast_possible_truncation,
    reason = "libc's constants are wider than the fields of the filter they go into"
)]

use super::*;
use std::eprintln;

#[test]
fn form_is_one_byte() {
    assert_eq!(size_of::<Form>(), 1);
}

#[test]
fn choice_is_permanent() {
    let first = Form::register();
    assert_eq!(first, Form::register());
    // ORD[choice] Acquire: pairs with the compare-and-swap in `settle`.
    assert_ne!(CHOICE.load(Acquire), UNDECIDED);

    let refused_first = AtomicU8::new(UNDECIDED);
    assert_eq!(settle(&refused_first, false), FENCED);
    assert_eq!(settle(&refused_first, true), FENCED);
    let granted_first = AtomicU8::new(UNDECIDED);
    assert_eq!(settle(&granted_first, true), ASYMMETRIC);
    assert_eq!(settle(&granted_first, false), ASYMMETRIC);
}

#[test]
fn unknown_command_is_refused() {
    assert!(!membarrier(1 << 30));
}

/// In a child process, forbids `membarrier` by a seccomp filter and runs `heavy`.
#[test]
fn later_refusal_ends_the_process() {
    const SANDBOX_MISSING: i32 = 77;

    let mut pipe = [0; 2];
    // SAFETY: `pipe` has room for the two descriptors.
    assert_eq!(unsafe { libc::pipe(pipe.as_mut_ptr()) }, 0);
    let [read_end, write_end] = pipe;

    // SAFETY: the child calls nothing but system calls before it ends, so it does not matter which
    // locks other threads held.
    let child = unsafe { libc::fork() };
    assert_ne!(child, -1);
    if child == 0 {
        // SAFETY: both descriptors are open.
        unsafe { libc::dup2(write_end, libc::STDERR_FILENO) };
        if forbid_membarrier() {
            Form::Asymmetric.heavy();
            // SAFETY: `_exit` may be called at any time.
            unsafe { libc::_exit(0) };
        }
        // SAFETY: as above.
        unsafe { libc::_exit(SANDBOX_MISSING) };
    }
    // SAFETY: the descriptor is open, and used no more; the reader sees the end of the file when the
    // child ends.
    unsafe { libc::close(write_end) };

    let mut said = [0_u8; 512];
    // SAFETY: `said` has room for that many bytes.
    let count = unsafe { libc::read(read_end, said.as_mut_ptr().cast(), said.len()) };
    // SAFETY: the descriptor is open, and used no more.
    unsafe { libc::close(read_end) };
    let mut status = 0;
    // SAFETY: `status` is live; `child` is our child.
    assert_eq!(unsafe { libc::waitpid(child, &raw mut status, 0) }, child);

    if libc::WIFEXITED(status) && libc::WEXITSTATUS(status) == SANDBOX_MISSING {
        eprintln!("no seccomp here: NOT tested");
        return;
    }
    let count = usize::try_from(count).expect("read succeeds");
    let said = core::str::from_utf8(&said[..count]).expect("the message is text");
    assert!(libc::WIFSIGNALED(status), "went on without a barrier");
    assert_eq!(libc::WTERMSIG(status), libc::SIGABRT);
    assert!(said.contains("membarrier(2) was granted"), "{said}");
}

/// Makes `membarrier` fail with EPERM from now on; says whether that could be done.
fn forbid_membarrier() -> bool {
    const RETURN: u16 = (libc::BPF_RET | libc::BPF_K) as u16;
    const LOAD_WORD: u16 = (libc::BPF_LD | libc::BPF_W | libc::BPF_ABS) as u16;
    const JUMP_IF_EQUAL: u16 = (libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K) as u16;
    const MEMBARRIER: u32 = libc::SYS_membarrier as u32;
    let step = |code, jt, jf, k| libc::sock_filter { code, jt, jf, k };

    let mut filter = [
        step(LOAD_WORD, 0, 0, 0), // number of the system call: the first field of seccomp_data
        step(JUMP_IF_EQUAL, 0, 1, MEMBARRIER),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ERRNO | libc::EPERM as u32),
        step(RETURN, 0, 0, libc::SECCOMP_RET_ALLOW),
    ];
    let program = libc::sock_fprog {
        len: 4,
        filter: filter.as_mut_ptr(),
    };
    // SAFETY: this call takes numbers only.
    let alone = unsafe { libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
    // SAFETY: `program` and the four steps that it points at are live during the call, which copies
    // them.
    let filtered = unsafe {
        libc::prctl(
            libc::PR_SET_SECCOMP,
            libc::SECCOMP_MODE_FILTER,
            &raw const program,
        )
    };
    alone == 0 && filtered == 0
}
