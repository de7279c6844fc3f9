//! Threads: several flows of control in one process.

use alloc::boxed::Box;
use alloc::sync::Arc;
use core::arch::naked_asm;
use core::sync::atomic::{AtomicU32, Ordering};

use abi::syscall::{Syscall, clone};

use crate::Error;
use crate::sync::{Mutex, wait_while};
use crate::syscall::call;

/// Bytes of a thread's stack, unless it is given another size.
pub const STACK_BYTES: usize = 64 << 10;

/// What a new thread does.
type Start = Box<dyn FnOnce() + Send>;

/// A thread that can be joined.
#[derive(Debug)]
pub struct JoinHandle<T> {
    /// The kernel writes 0 here when the thread has ended.
    alive: Arc<AtomicU32>,
    result: Arc<Mutex<Option<T>>>,
    stack: Stack,
}

/// A stack of its own pages, with one below it that is nobody's.
#[derive(Debug)]
struct Stack {
    start: u64,
    bytes: u64,
}

const PAGE: u64 = 4096;

impl Stack {
    fn new(bytes: usize) -> Result<Self, Error> {
        const READ_WRITE: u64 = 3;
        const PRIVATE_ANONYMOUS: u64 = 0x22;
        const FIXED: u64 = 0x10;
        let bytes = (bytes as u64).next_multiple_of(PAGE) + PAGE;
        let map = |start, bytes, protection, flags| {
            let arguments = [start, bytes, protection, flags, u64::MAX, 0];
            crate::syscall::call6(Syscall::Mmap, arguments)
        };
        let start = map(0, bytes, 0, PRIVATE_ANONYMOUS)?;
        let stack = Self { start, bytes };
        map(
            start + PAGE,
            bytes - PAGE,
            READ_WRITE,
            PRIVATE_ANONYMOUS | FIXED,
        )?;
        Ok(stack)
    }
}

impl Drop for Stack {
    fn drop(&mut self) {
        let _ = call(Syscall::Munmap, [self.start, self.bytes, 0, 0]);
    }
}

/// Begins a thread.
///
/// # Errors
/// No memory, or too many threads.
pub fn spawn<T: Send + 'static>(
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Error> {
    spawn_with_stack(STACK_BYTES, run)
}

/// Begins a thread with a stack of so many bytes.
///
/// # Errors
/// No memory, or too many threads.
pub fn spawn_with_stack<T: Send + 'static>(
    bytes: usize,
    run: impl FnOnce() -> T + Send + 'static,
) -> Result<JoinHandle<T>, Error> {
    let stack = Stack::new(bytes)?;
    let alive = Arc::new(AtomicU32::new(1));
    let result = Arc::new(Mutex::new(None));
    let into = Arc::clone(&result);
    let start: Start = Box::new(move || {
        let value = run();
        *into.lock() = Some(value);
    });
    // Two pointers wide: a thin one goes through the registers.
    let start = Box::into_raw(Box::new(start));
    // The kernel writes to the word when the thread is gone: that count is the thread's.
    let word = Arc::into_raw(Arc::clone(&alive));
    let flags = clone::THREAD_SET | clone::PARENT_SETTID | clone::CHILD_CLEARTID;
    // SAFETY: the stack is the thread's alone, and `begin` takes over the start.
    let made = unsafe {
        enter(
            flags,
            stack.start + stack.bytes,
            word as u64,
            start as u64,
            word as u64,
        )
    };
    if (made as i64) < 0 {
        // SAFETY: no thread came to be that could have taken them over.
        unsafe {
            drop(Box::from_raw(start));
            drop(Arc::from_raw(word));
        }
        return Err(Error(-(made as i64) as u16));
    }
    Ok(JoinHandle {
        alive,
        result,
        stack,
    })
}

/// `clone`, and where the new thread begins: with nothing on its stack, and its start as thread pointer.
///
/// # Safety
/// `stack` ends a stack that nobody uses, and `start` is a `Box<Start>`.
#[unsafe(naked)]
unsafe extern "C" fn enter(
    flags: u64,
    stack: u64,
    parent_tid: u64,
    start: u64,
    child_tid: u64,
) -> u64 {
    naked_asm!(
        "li a7, {clone}",
        "ecall",
        "beqz a0, 1f",
        "ret",
        "1: mv a0, tp",
        "mv fp, zero",
        "mv ra, zero",
        "tail {begin}",
        clone = const Syscall::Clone as u64,
        begin = sym begin,
    )
}

extern "C" fn begin(start: *mut Start) -> ! {
    // SAFETY: `spawn` made it, and handed it to this thread.
    let start = unsafe { Box::from_raw(start) };
    start();
    loop {
        let _ = call(Syscall::Exit, [0; 4]);
    }
}

impl<T> JoinHandle<T> {
    /// Waits until the thread has ended; what it gave, or nothing when it did not come to that.
    pub fn join(self) -> Option<T> {
        loop {
            match self.alive.load(Ordering::Acquire) {
                0 => break,
                tid => wait_while(&self.alive, tid),
            }
        }
        // The kernel has written to the word: the count that was kept for it is free.
        // SAFETY: `spawn` leaked exactly one.
        unsafe { Arc::decrement_strong_count(Arc::as_ptr(&self.alive)) };
        drop(self.stack);
        self.result.lock().take()
    }
}

/// The thread's number.
#[must_use]
pub fn id() -> u32 {
    call(Syscall::Gettid, [0; 4]).unwrap_or(0) as u32
}

/// Waits for so many nanoseconds.
pub fn sleep(nanos: u64) {
    let request = [nanos / 1_000_000_000, nanos % 1_000_000_000];
    let _ = call(Syscall::Nanosleep, [request.as_ptr() as u64, 0, 0, 0]);
}

/// Nanoseconds since the machine started.
#[must_use]
pub fn now() -> u64 {
    let mut time = [0u64; 2];
    let _ = call(Syscall::ClockGettime, [1, time.as_mut_ptr() as u64, 0, 0]);
    time[0] * 1_000_000_000 + time[1]
}

/// Nanoseconds that this thread has run.
#[must_use]
pub fn ran() -> u64 {
    let mut usage = [0u64; 18];
    let _ = call(Syscall::Getrusage, [1, usage.as_mut_ptr() as u64, 0, 0]);
    usage[0] * 1_000_000_000 + usage[1] * 1000
}
