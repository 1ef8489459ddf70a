//! A program that was compiled for LSE says so where there is none.
//!
//! With `-C target-feature=+lse` the compiler may use LSE in any function, and an older processor answers with SIGILL.
//! The check therefore runs before all of them: the dynamic linker or the C library calls `.init_array` in the order of
//! its numbers, and this one comes first; std's own entries (90: outline atomics; 99: arguments) and `main` come later.
//! What runs earlier is the C library's, which is compiled for every processor. The check itself asks the auxiliary vector and
//! makes no atomic access; `ci/dist` looks at its machine code, and runs it on a processor without LSE.

/// Put at a program's root, makes a build with `-C target-feature=+lse` refuse to start on a 64-bit ARM Linux machine
/// without LSE: with a message and exit status 78 (`EX_CONFIG`). In every other build it is nothing.
///
/// ```
/// splitmap_arch::refuse_without_lse!();
/// # fn main() {}
/// ```
#[macro_export]
macro_rules! refuse_without_lse {
    () => {
        #[cfg(all(target_arch = "aarch64", target_os = "linux", target_feature = "lse"))]
        #[used]
        #[unsafe(link_section = ".init_array.00001")]
        static REFUSE_WITHOUT_LSE: extern "C" fn() = $crate::refuse_without_lse;
    };
}

/// What [`refuse_without_lse!`] has called before all else.
#[cfg(all(target_arch = "aarch64", target_os = "linux", target_feature = "lse"))]
#[doc(hidden)]
#[inline(never)]
pub extern "C" fn refuse_without_lse() {
    /// Linux `arch/arm64/include/uapi/asm/hwcap.h`.
    const HWCAP_ATOMICS: libc::c_ulong = 1 << 8;
    const EX_CONFIG: libc::c_int = 78;
    const TEXT: &str = "this program was built for processors with LSE atomics (ARMv8.1), which this one lacks: \
                        use the build without +lse\n";

    // SAFETY: `getauxval` only reads the process's auxiliary vector, for any argument.
    let capabilities = unsafe { libc::getauxval(libc::AT_HWCAP) };
    if capabilities & HWCAP_ATOMICS == 0 {
        // SAFETY: a system call that reads `TEXT`; whether anybody sees it changes nothing.
        unsafe { libc::write(libc::STDERR_FILENO, TEXT.as_ptr().cast(), TEXT.len()) };
        // SAFETY: ends the process, at once: no destructor and no exit handler has been registered by this program.
        unsafe { libc::_exit(EX_CONFIG) }
    }
}
