//! A hostile process: what it calls, and with what.

use core::arch::naked_asm;
use core::ffi::CStr;
use core::fmt::Write;

use fawn::process::{Pid, exit};
use fawn::syscall::{Number, call, raw};
use fawn::{Error, thread};

use crate::Manner;
use crate::ledger::Ledger;
use crate::random::Random;
use crate::vocabulary::{CALLS, KERNEL_IMAGE, LIMITS, PARTS, PATHS, PROGRAMS, TIMES};

/// Memory to play with, far from everything else: some pages of every kind, and holes.
pub const GROUND: u64 = 0x10_0000_0000;
const GROUND_BYTES: u64 = 32 * PAGE;
pub const PAGE: u64 = 4096;
const USER_END: u64 = 1 << 38;

/// With this signal a process that waits is called back.
pub const CALL_BACK: u32 = 10;
const FIXED: u64 = 0x10;

/// From now on this process, and what it forks, can be called back.
pub fn let_call_back() -> Result<(), Error> {
    let action = [nothing as *const () as u64, 0, 0];
    let number = u64::from(CALL_BACK);
    call(Number::RtSigaction, [number, action.as_ptr() as u64, 0, 8]).map(|_| ())
}

/// Somebody who makes random calls.
pub struct Attacker {
    random: Random,
    manner: Manner,
    ledger: Ledger,
    /// A process whose fault waits for an answer.
    faulty: Pid,
    /// The caller that `reply_wait` named last, or 0.
    caller: u64,
    /// How many forks it is away from the first.
    generation: u32,
    /// An action for `rt_sigaction`: handler, flags, mask.
    action: [u64; 3],
}

impl Attacker {
    pub fn new(seed: u64, manner: Manner, ledger: Ledger, faulty: Pid) -> Self {
        Self {
            random: Random::new(seed),
            manner,
            ledger,
            faulty,
            caller: 0,
            generation: 0,
            action: [0; 3],
        }
    }

    /// Makes so many calls, some of them in other threads, and ends the process.
    pub fn run(mut self, calls: u32) -> ! {
        lay_out_ground();
        let others = self.random.below(3) as u32;
        let share = calls / (others + 1);
        for _ in 0..others {
            let mut other = Self::new(self.random.next(), self.manner, self.ledger, self.faulty);
            // It is never joined: the process ends with it.
            let _ = thread::spawn(move || other.make_calls(share)).map(core::mem::forget);
        }
        self.make_calls(calls - others * share);
        exit(0)
    }

    fn make_calls(&mut self, mut left: u32) {
        while left > 0 {
            left -= 1;
            let call = self.invent();
            if self.is_out_of_bounds(&call) {
                continue;
            }
            if self.manner.log {
                log(self.generation, &call);
            }
            self.ledger.begin(call[0]);
            let result = invoke(&call);
            self.ledger.end(call[0], result);
            if call[0] == Number::MailboxReplyWait as u64 && (result as i64) > 0 {
                self.caller = result >> 32;
            }
            let is_child = call[0] == Number::Clone as u64 && result == 0;
            if is_child {
                self.generation += 1;
                self.random.next();
                left = left.min(12) / 2;
            }
        }
        if self.generation > 0 {
            exit(0);
        }
    }

    /// A call: its number, six arguments, and whether a new thread is to go on wherever its stack leads it.
    fn invent(&mut self) -> [u64; 8] {
        let index = self.random.below(CALLS.len() as u64) as usize;
        let (usual, kinds) = CALLS.get(index).copied().unwrap_or((0, ""));
        let (number, kinds) = match self.random.below(32) {
            0..4 => (self.random.below(301), ""),
            4 => (1024 + self.random.below(12), ""),
            5 => (self.random.next(), ""),
            6..10 => (usual, ""),
            _ => (usual, kinds),
        };
        let mut call = [0; 8];
        call[0] = number;
        let kinds = kinds.bytes().chain(core::iter::repeat(b'?'));
        for (argument, kind) in call[1..7].iter_mut().zip(kinds) {
            *argument = self.argument(kind);
        }
        call[7] = u64::from(self.manner.wild);
        call
    }

    /// An argument of a kind.
    fn argument(&mut self, kind: u8) -> u64 {
        let random = &mut self.random;
        if random.below(16) == 0 {
            return self.anything();
        }
        match kind {
            b'd' => match random.below(8) {
                0 => random.pick(&[u64::MAX, 63, 64, 65, (-100i64) as u64, 1 << 32, 1 << 63]),
                1 => (-100i64) as u64,
                _ => random.below(13),
            },
            b'a' => self.address(),
            b'n' => random.pick(&[
                0,
                1,
                7,
                8,
                16,
                64,
                128,
                255,
                4095,
                4096,
                4097,
                8192,
                65536,
                1 << 20,
                1 << 30,
                1 << 38,
                i64::MAX as u64,
                u64::MAX,
                u64::MAX - 4095,
            ]),
            b'p' => path(random, &PATHS),
            b'e' => path(random, &PROGRAMS),
            b'f' => random.pick(&[
                0,
                0o2,
                0o102,
                0o101,
                0o302,
                0o1102,
                0o2102,
                0o4000,
                0o200_000,
                0o2_000_000,
                0x200,
                0x100,
                0x1000,
            ]),
            b'g' => random.pick(&[1, 8, 64, 4096, 16384, 32768, 65536, 131_072, 1 << 20]),
            b'w' => random.below(6),
            b'm' => random.below(9),
            b'M' => random.pick(&[0x22, 0x22, 0x32, 0x21, 0x31, 0x10_0022, 0x2, 0x12]),
            b'c' => random.pick(&[0, 1, 2, 3, 4, 1030, 5]),
            b'q' => random.pick(&[0x5401, 0x5402, 0x5403, 0x5404, 0x540f, 0x5410, 0x5413]),
            b'o' => random.pick(&[0, 1, 128, 129, 9, 10, 137, 138, 256, 3, 4]),
            b's' => random.pick(&[
                0,
                1,
                10,
                17,
                18,
                10,
                17,
                18,
                23,
                28,
                19,
                20,
                64,
                65,
                random.clone().below(65),
            ]),
            b'i' => match random.below(8) {
                0 => 1,
                1 => u64::MAX,
                2 => random.below(64),
                3 => random.next() | 1 << 63,
                4 => 0u64.wrapping_sub(random.below(64)),
                5 => own_number(),
                _ => 0,
            },
            b'F' => u64::from(self.faulty),
            b'C' => random.pick(&[
                17, 17, 17, 0x4111, 0x11_0011, 0x120_0011, 0xd_0f00, 0xd_0f00, 0x3d_0f00,
                0x7d_0f00, 0xf00,
            ]),
            b't' => match random.below(4) {
                0 => self.address(),
                1 => 0,
                _ => entry(random, &TIMES),
            },
            b'v' => match random.below(4) {
                0 => self.address(),
                _ => entry(random, &PARTS),
            },
            b'R' => match random.below(4) {
                0 => self.argument(b'd'),
                _ => random.pick(&[(-100i64) as u64, 4]),
            },
            b'B' => match random.below(4) {
                0 => self.argument(b'd'),
                _ => random.pick(&[6, 7, 8, 11]),
            },
            b'P' => match random.below(4) {
                0 => self.argument(b'd'),
                _ => 12,
            },
            b'h' => random.pick(&[0, 1, 8, 16, 64, 64, 65, 65536]),
            b'z' => random.pick(&[0, 0, 0, 0, 0, 0, 0, 1]),
            b'N' => random.pick(&[0, 1, 5, 19, 20, 0u64.wrapping_sub(5), u64::MAX, 1 << 31]),
            b'r' => random.pick(&[7, 7, 7, 3, 0, 15, 16, 1 << 32]),
            b'l' => match random.below(4) {
                0 => self.address(),
                1 => 0,
                _ => entry(random, &LIMITS),
            },
            b'T' => random.pick(&[0, 0, self.caller, self.caller, random.clone().below(64)]),
            b'A' => random.pick(&[0, 0, GROUND, GROUND + 5 * PAGE, 1]),
            b'D' => random.pick(&[0, 0, 0, 1, 1 << 20, u64::MAX, u64::MAX - 1]),
            b'b' => random.pick(&[
                0,
                1,
                0x10_0000,
                0x20_0000,
                0x80_0000,
                0x4000_0000,
                GROUND,
                USER_END,
                u64::MAX,
            ]),
            b'k' => {
                let handler = nothing as *const () as u64;
                self.action = [
                    random.pick(&[0, 1, handler, handler, handler]),
                    random.pick(&[0, 4, 0x1000_0000, 0x4000_0000, 0x8000_0000]),
                    random.pick(&[0, 0, u64::MAX, 1 << 9, random.clone().next()]),
                ];
                self.action.as_ptr() as u64
            }
            _ => self.anything(),
        }
    }

    fn anything(&mut self) -> u64 {
        match self.random.below(6) {
            0 => self.random.next(),
            1 => self.random.below(16),
            2 => self.random.below(8192),
            3 => self.random.pick(&[
                u64::MAX,
                i64::MIN as u64,
                i64::MAX as u64,
                u32::MAX as u64,
                1 << 31,
                1 << 32,
                u64::MAX - 99,
            ]),
            _ => self.address(),
        }
    }

    fn address(&mut self) -> u64 {
        let random = &mut self.random;
        match random.below(16) {
            0 => random.pick(&[0, 1, 8, 4088, PAGE]),
            1 => random.pick(&[
                u64::MAX,
                u64::MAX - 7,
                i64::MIN as u64,
                0u64.wrapping_sub(PAGE),
            ]),
            2 => random.pick(&[
                KERNEL_IMAGE,
                0xffff_ffc0_0000_0000,
                0xffff_ffc0_8000_0000,
                0xffff_ffe0_0000_0000,
            ]),
            3 => random.pick(&[
                USER_END,
                USER_END - 8,
                USER_END - 4,
                USER_END - PAGE,
                USER_END - 2 * PAGE,
                USER_END - 0x1000_0000,
            ]),
            4 => random.next(),
            5 if self.manner.wild => {
                let here = 0u64;
                let stack = &raw const here as u64;
                let code = nothing as *const () as u64;
                let data = &raw const TIMES as u64;
                let near = random.pick(&[
                    stack,
                    stack & !(PAGE - 1),
                    code,
                    code & !(PAGE - 1),
                    data,
                    data & !(PAGE - 1),
                    0x10000,
                ]);
                near.wrapping_add(random.pick(&[0, 8, PAGE, 0u64.wrapping_sub(PAGE), 512]))
            }
            6..9 => GROUND + random.below(32) * PAGE + random.below(512) * 8,
            _ => {
                let border = GROUND + random.below(33) * PAGE;
                border.wrapping_add(random.pick(&[
                    0,
                    0,
                    0,
                    8,
                    0u64.wrapping_sub(8),
                    0u64.wrapping_sub(4),
                    1,
                    u64::MAX,
                    2048,
                    0u64.wrapping_sub(128),
                ]))
            }
        }
    }

    /// Calls that would end the machine's run, that nobody could end, or (unless it is to be wild) that make the process stumble over itself:
    /// the kernel would report that.
    fn is_out_of_bounds(&self, call: &[u64; 8]) -> bool {
        let [number, a0, a1, _, a3, ..] = *call;
        let is = |which: Number| number == which as u64;
        if is(Number::Reboot) {
            return true;
        }
        // Nobody could end it once its parent is gone.
        if is(Number::Setpgid) && self.generation > 0 {
            return true;
        }
        if self.manner.wild {
            return false;
        }
        let outside =
            a0 < USER_END && (!(GROUND..GROUND + GROUND_BYTES).contains(&a0) || a1 > GROUND_BYTES);
        match number {
            139 => true,
            215 | 226 => outside,
            222 => a3 & FIXED != 0 && outside,
            134 => a1 != self.action.as_ptr() as u64 && a1 != 0 && a1 < USER_END,
            _ => false,
        }
    }
}

fn path(random: &mut Random, among: &[&'static CStr]) -> u64 {
    let index = random.below(among.len() as u64) as usize;
    among.get(index).map_or(0, |path| path.as_ptr() as u64)
}

fn entry<T>(random: &mut Random, among: &'static [T]) -> u64 {
    let index = random.below(among.len() as u64) as usize;
    among.get(index).map_or(0, |entry| &raw const *entry as u64)
}

fn own_number() -> u64 {
    call(Number::Getpid, [0; 4]).unwrap_or(0)
}

fn lay_out_ground() {
    const PRIVATE: u64 = 0x32;
    const SHARED: u64 = 0x31;
    let pieces = [
        (0, 8, 3, PRIVATE),
        (9, 2, 1, PRIVATE),
        (12, 4, 3, SHARED),
        (20, 2, 3, PRIVATE),
        (22, 1, 0, PRIVATE),
        (24, 8, 3, PRIVATE),
    ];
    for (first, pages, protection, flags) in pieces {
        let start = GROUND + first * PAGE;
        let _ = raw(
            Number::Mmap as u64,
            [start, pages * PAGE, protection, flags, u64::MAX, 0],
        );
    }
    // In the first page: numbers of descriptors, for calls that look for some there.
    for index in 0..PAGE / 4 {
        let place = (GROUND + 4 * index) as *mut u32;
        // SAFETY: the page was just mapped, and is nobody else's.
        unsafe { place.write_volatile(3 + index as u32 % 10) };
    }
}

fn log(generation: u32, call: &[u64; 8]) {
    struct Line([u8; 192], usize);
    impl Write for Line {
        fn write_str(&mut self, text: &str) -> core::fmt::Result {
            for &byte in text.as_bytes() {
                *self.0.get_mut(self.1).ok_or(core::fmt::Error)? = byte;
                self.1 += 1;
            }
            Ok(())
        }
    }
    let mut line = Line([0; 192], 0);
    let [number, a0, a1, a2, a3, a4, a5, _] = *call;
    let _ = writeln!(
        line,
        "{} +{generation}: {number}({a0:#x}, {a1:#x}, {a2:#x}, {a3:#x}, {a4:#x}, {a5:#x})",
        thread::id()
    );
    let path = c"/dev/console".as_ptr() as u64;
    if let Ok(descriptor) = fawn::syscall::call(Number::Openat, [0, path, 1, 0]) {
        let _ = fawn::syscall::call(
            Number::Write,
            [descriptor, line.0.as_ptr() as u64, line.1 as u64, 0],
        );
        let _ = fawn::syscall::call(Number::Close, [descriptor, 0, 0, 0]);
    }
}

/// A handler that does nothing, not even with its stack.
#[unsafe(naked)]
extern "C" fn nothing() {
    naked_asm!("ret")
}

/// Makes a call. A thread that it begins ends at once, whatever its stack is.
fn invoke(call: &[u64; 8]) -> u64 {
    #[unsafe(naked)]
    extern "C" fn enter(call: *const u64) -> u64 {
        naked_asm!(
            "mv t0, sp",
            "ld t1, 56(a0)",
            "ld a7, 0(a0)",
            "ld a1, 16(a0)",
            "ld a2, 24(a0)",
            "ld a3, 32(a0)",
            "ld a4, 40(a0)",
            "ld a5, 48(a0)",
            "ld a0, 8(a0)",
            "ecall",
            "bne sp, t0, 2f",
            "1: ret",
            "2: bnez t1, 1b",
            "li a7, 93",
            "ecall",
            "j 2b",
        )
    }
    enter(call.as_ptr())
}
