//! Calls that come back at once, and a signal.

use core::arch::asm;
use core::sync::atomic::{AtomicU32, Ordering};

use fawn::syscall::{Number, call};
use fawn::{Error, errno, process};

use crate::instret::{between, least, least_of};

/// A call without arguments, and nothing but the `ecall` between the readings: the cost and the result.
fn bare_call(number: u64) -> (u64, i64) {
    let (before, after, result): (u64, u64, i64);
    // SAFETY: calls without arguments change no memory.
    unsafe {
        asm!("rdinstret {before}", "ecall", "rdinstret {after}",
             before = out(reg) before, after = out(reg) after, inlateout("a0") 0i64 => result,
             in("a7") number, options(nostack));
    }
    (between(before, after), result)
}

/// The cheapest call: the number of the parent.
pub fn null() -> Result<u64, Error> {
    least(|| {
        let (cost, parent) = bare_call(Number::Getppid as u64);
        Ok((parent > 0).then_some(cost))
    })
}

/// A number that is no call's.
pub fn unknown() -> Result<u64, Error> {
    const NO_CALL: u64 = 999;
    least(|| {
        let (cost, result) = bare_call(NO_CALL);
        Ok((result == -i64::from(errno::ENOSYS)).then_some(cost))
    })
}

static HANDLED: AtomicU32 = AtomicU32::new(0);

extern "C" fn handle(_signal: i32) {
    HANDLED.fetch_add(1, Ordering::Relaxed);
}

/// `kill` of oneself: into the handler and back by `rt_sigreturn`.
pub fn signal() -> Result<u64, Error> {
    const USER_SIGNAL: u32 = 10;
    let action: [u64; 3] = [handle as *const () as u64, 0, 0];
    let at = action.as_ptr() as u64;
    call(Number::RtSigaction, [u64::from(USER_SIGNAL), at, 0, 8])?;
    let own = i64::from(process::id());
    let before = HANDLED.load(Ordering::Relaxed);
    let mut tries = 0;
    let cost = least_of(|| {
        tries += 1;
        process::kill(own, USER_SIGNAL)
    })?;
    if HANDLED.load(Ordering::Relaxed) - before == tries {
        Ok(cost)
    } else {
        Err(Error(errno::EINTR))
    }
}
