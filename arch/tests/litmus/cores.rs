//! A core for each side. Left to itself, the scheduler may keep both on one, where they take turns and race
//! never; and on a busy machine others have their turns as well.

/// Binds the calling thread to one of the cores that it may run on, another one for each `side`, and puts it
/// before the threads of others, if it may.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) fn take(side: usize) {
    const THIS_THREAD: libc::pid_t = 0;
    static ALLOWED: std::sync::OnceLock<libc::cpu_set_t> = std::sync::OnceLock::new();

    let allowed = ALLOWED.get_or_init(|| {
        // SAFETY: a set of bits: all zeroes is the empty one.
        let mut allowed: libc::cpu_set_t = unsafe { core::mem::zeroed() };
        // SAFETY: `allowed` is live, and that large. A failure leaves it empty.
        unsafe { libc::sched_getaffinity(THIS_THREAD, size_of_val(&allowed), &raw mut allowed) };
        allowed
    });
    let bits = 8 * size_of_val(allowed);
    // SAFETY: below the number of bits of the set.
    let cores: Vec<usize> = (0..bits)
        .filter(|&core| unsafe { libc::CPU_ISSET(core, allowed) })
        .collect();
    if let Some(&core) = cores.get(side) {
        // SAFETY: as above.
        let mut mine: libc::cpu_set_t = unsafe { core::mem::zeroed() };
        // SAFETY: below the number of bits of the set.
        unsafe { libc::CPU_SET(core, &mut mine) };
        // SAFETY: `mine` is live, and that large. A failure changes nothing.
        unsafe { libc::sched_setaffinity(THIS_THREAD, size_of_val(&mine), &raw const mine) };
    }
    // SAFETY: takes numbers only. A refusal (for want of privilege) changes nothing.
    unsafe { libc::setpriority(libc::PRIO_PROCESS, 0, -15) };
}

/// Nothing: Miri has no cores, and other systems place threads well enough or not.
#[cfg(not(all(target_os = "linux", not(miri))))]
pub(crate) fn take(_side: usize) {}
