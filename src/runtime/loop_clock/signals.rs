//! Whether signals interrupt the waits of a loop: those of a CPU profiler do, V8's own and
//! others. Asked by the loop clock, now and then.

/// Whether somebody handles the signal by which profilers take their samples.
#[cfg(unix)]
pub(super) fn interrupt() -> bool {
    // SAFETY: asks only; `action` is ours to be written to, and all zeros is one.
    unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPROF, std::ptr::null(), &mut action) == 0
            && action.sa_sigaction != libc::SIG_DFL
            && action.sa_sigaction != libc::SIG_IGN
    }
}

/// Profilers there stop threads without a signal.
#[cfg(not(unix))]
pub(super) fn interrupt() -> bool {
    false
}
