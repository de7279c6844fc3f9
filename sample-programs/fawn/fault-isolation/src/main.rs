//! Exceptions: each concerns the thread that caused it, and nobody else.
//!
//! First the thread has a handler for each, which learns what happened and where, and lets the thread go on. Then the same happens
//! in processes without a handler, which have a supervisor that lets them go on, and then in processes with neither: each is
//! ended by its signal. A bystander keeps its memory, and answers as before.
#![no_std]
#![no_main]

use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};

use fawn::mailbox::Mailbox;
use fawn::process::{
    Ended, Fault as Told, Fork, Pid, exit, fork, registers_of_faulted, resume_faulted,
    supervised_by, wait,
};
use fawn::syscall::{Number, call, call6};
use fawn::{Arguments, Error, println};

fawn::main!(main);

const ILL: u32 = 4;
const TRAP: u32 = 5;
const BUS: u32 = 7;
const SEGV: u32 = 11;

/// A page of code: for each fault an instruction, and one that returns. At a fixed place, so that reports are the same in each build.
const CODE: u64 = 0x4000_0000;
/// A page of data, which is not to be executed.
const DATA: u64 = 0x4000_1000;
const PAGE: u64 = 4096;
/// Where nothing is.
const NOWHERE: u64 = 0x5000_0000;
const KERNEL: u64 = 0xffff_ffff_8020_0000;

/// `lw a1, 0(a0)`
const LOAD: u32 = 0x0005_2583;
/// `sw zero, 0(a0)`
const STORE: u32 = 0x0005_2023;
/// `lr.w a1, (a0)`
const ATOMIC: u32 = 0x1005_25af;
/// `jr a0`
const JUMP: u32 = 0x0005_0067;
/// `ebreak`
const BREAKPOINT: u32 = 0x0010_0073;
/// `unimp`
const ILLEGAL: u32 = 0xc000_1073;
/// `ret`
const RETURN: u32 = 0x0000_8067;

/// A way to fail.
struct Fault {
    what: &'static str,
    instruction: u32,
    /// What a0 is then.
    address: u64,
    signal: u32,
    /// The address that the handler is told, where it is defined.
    told: Option<u64>,
}

const fn fault(what: &'static str, instruction: u32, address: u64, signal: u32) -> Fault {
    let told = match signal {
        SEGV | BUS => Some(address),
        _ => None,
    };
    Fault {
        what,
        instruction,
        address,
        signal,
        told,
    }
}

const FAULTS: [Fault; 10] = [
    fault("load from nowhere", LOAD, NOWHERE, SEGV),
    fault("store to nowhere", STORE, NOWHERE, SEGV),
    fault("load from the kernel", LOAD, KERNEL, SEGV),
    fault("store to the kernel", STORE, KERNEL, SEGV),
    fault("store to what is read-only", STORE, CODE, SEGV),
    fault("misaligned atomic", ATOMIC, DATA + 1, BUS),
    fault("jump to nowhere", JUMP, NOWHERE, SEGV),
    fault("jump into data", JUMP, DATA, SEGV),
    fault("illegal instruction", ILLEGAL, 0, ILL),
    fault("breakpoint", BREAKPOINT, 0, TRAP),
];

/// What the handler was told last.
static SIGNAL: AtomicU32 = AtomicU32::new(0);
static ADDRESS: AtomicU64 = AtomicU64::new(0);

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(0) => 0,
        Ok(_) => 1,
        Err(error) => {
            println!("fault-isolation: {error}");
            1
        }
    }
}

/// How many things went wrong.
fn show() -> Result<u32, Error> {
    lay_out()?;
    let mut wrong = 0;
    let mut check = |holds: bool| {
        if !holds {
            println!("that is wrong");
            wrong += 1;
        }
    };

    for signal in [ILL, TRAP, BUS, SEGV] {
        set_handler(signal, mend as *const () as u64)?;
    }
    for (index, fault) in FAULTS.iter().enumerate() {
        cause(index, fault);
        let signal = SIGNAL.swap(0, Ordering::Relaxed);
        let address = ADDRESS.load(Ordering::Relaxed);
        println!("handled: {}: signal {signal}", fault.what);
        check(signal == fault.signal && fault.told.is_none_or(|told| told == address));
    }

    for signal in [ILL, TRAP, BUS, SEGV] {
        set_handler(signal, 0)?;
    }
    let bystander = Bystander::start()?;
    for (index, fault) in FAULTS.iter().enumerate() {
        let (told, ended) = supervised(index, fault)?;
        println!(
            "supervised: {}: told of cause {}, skipped, {ended:?}",
            fault.what, told.cause
        );
        let is_told = fault.told.is_none_or(|address| address == told.address);
        check(is_told && ended == Ended::Exited(0) && bystander.is_well()?);
    }
    for (index, fault) in FAULTS.iter().enumerate() {
        let ended = in_child(|| cause(index, fault))?;
        println!("not handled: {}: {ended:?}", fault.what);
        check(ended == Ended::Killed(fault.signal) && bystander.is_well()?);
    }
    let ended = in_child(|| {
        if set_handler(SEGV, fail_again as *const () as u64).is_ok() {
            cause(0, &FAULTS[0]);
        }
    })?;
    println!("the handler itself fails: {ended:?}");
    check(ended == Ended::Killed(SEGV) && bystander.is_well()?);
    check(bystander.stop()? == Ended::Exited(0));
    println!("the bystander noticed nothing");
    Ok(wrong)
}

/// Writes the code, which then is code only.
fn lay_out() -> Result<(), Error> {
    const READ_WRITE: u64 = 3;
    const READ_EXECUTE: u64 = 5;
    const PRIVATE_ANONYMOUS_FIXED: u64 = 0x32;
    let arguments = [
        CODE,
        2 * PAGE,
        READ_WRITE,
        PRIVATE_ANONYMOUS_FIXED,
        u64::MAX,
        0,
    ];
    call6(Number::Mmap, arguments)?;
    for (index, fault) in FAULTS.iter().enumerate() {
        // SAFETY: the pages were just mapped, and are nobody else's.
        unsafe {
            let place = (CODE as *mut u32).add(2 * index);
            place.write(fault.instruction);
            place.add(1).write(RETURN);
        }
    }
    call(Number::Mprotect, [CODE, PAGE, READ_EXECUTE, 0]).map(|_| ())
}

/// Has a fault come about.
fn cause(index: usize, fault: &Fault) {
    let place = CODE + 8 * index as u64;
    // SAFETY: the code changes a1 at most, if it comes to that.
    unsafe {
        core::arch::asm!("jalr {place}", place = in(reg) place, in("a0") fault.address, out("a1") _, out("ra") _);
    }
}

/// What to do about a signal: an address, or 0 for what happens by itself.
fn set_handler(signal: u32, handler: u64) -> Result<(), Error> {
    const SIGINFO: u64 = 4;
    let action = [handler, SIGINFO, 0];
    let arguments = [u64::from(signal), action.as_ptr() as u64, 0, 8];
    call(Number::RtSigaction, arguments).map(|_| ())
}

/// The handler: it notes what happened, and lets the thread go on where its call returns to.
extern "C" fn mend(signal: u32, information: *const u64, context: *mut u64) {
    /// In words: `si_addr` in `siginfo_t`, the program counter in `ucontext_t`, with register 1 behind it.
    const FAULT_ADDRESS: usize = 2;
    const PROGRAM_COUNTER: usize = 22;
    SIGNAL.store(signal, Ordering::Relaxed);
    // SAFETY: the kernel hands over both, laid out as Linux does.
    unsafe {
        ADDRESS.store(information.add(FAULT_ADDRESS).read(), Ordering::Relaxed);
        let return_address = context.add(PROGRAM_COUNTER + 1).read();
        context.add(PROGRAM_COUNTER).write(return_address);
    }
}

/// A handler that is no better.
extern "C" fn fail_again() {
    cause(1, &FAULTS[1]);
}

/// Does something in a process of its own; how that one ends.
fn in_child(act: impl FnOnce()) -> Result<Ended, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(wait(Some(pid))?.1),
        Fork::Child => {
            act();
            exit(0)
        }
    }
}

/// Has a fault come about in a child, whose supervisor lets it go on where the faulting code was called from; what the supervisor was told, and
/// how the child ended.
fn supervised(index: usize, fault: &Fault) -> Result<(Told, Ended), Error> {
    /// Registers as `fault_answer` gives them: the program counter, then register 1 and so on.
    const PROGRAM_COUNTER: usize = 0;
    const RETURN_ADDRESS: usize = 1;
    let faults = Mailbox::new(1, Told::BYTES as u32)?;
    let child = match fork()? {
        Fork::Parent(pid) => pid,
        Fork::Child => {
            let is_supervised = supervised_by(faults).is_ok() && faults.close().is_ok();
            cause(index, fault);
            exit(i32::from(!is_supervised))
        }
    };
    let mut bytes = [0; Told::BYTES];
    faults.receive(&mut bytes)?;
    let told = Told::from_bytes(&bytes);
    let mut registers = registers_of_faulted(told.tid)?;
    registers[PROGRAM_COUNTER] = registers[RETURN_ADDRESS];
    resume_faulted(told.tid, Some(&registers))?;
    let (_, ended) = wait(Some(child))?;
    faults.close()?;
    Ok((told, ended))
}

/// A process that has nothing to do with it.
struct Bystander {
    pid: Pid,
    questions: Mailbox,
    answers: Mailbox,
}

impl Bystander {
    const TREASURE: u64 = 0x5ca1_ab1e;

    fn start() -> Result<Self, Error> {
        let (questions, answers) = (Mailbox::new(1, 8)?, Mailbox::new(1, 8)?);
        match fork()? {
            Fork::Parent(pid) => Ok(Self {
                pid,
                questions,
                answers,
            }),
            Fork::Child => exit(i32::from(Self::run(questions, answers).is_err())),
        }
    }

    /// Answers each question with the question and what lies in memory, until there is a question 0.
    fn run(questions: Mailbox, answers: Mailbox) -> Result<(), Error> {
        // At the address that others jump to, and store next to.
        let treasure = DATA as *mut u64;
        // SAFETY: the page was mapped before, and is this process's own.
        unsafe { treasure.write(Self::TREASURE) };
        let mut question = [0; 8];
        loop {
            questions.receive(&mut question)?;
            let number = u64::from_le_bytes(question);
            if number == 0 {
                return Ok(());
            }
            // SAFETY: as above.
            let sum = number + unsafe { treasure.read() };
            answers.send(&sum.to_le_bytes())?;
        }
    }

    fn is_well(&self) -> Result<bool, Error> {
        let mut answer = [0; 8];
        self.questions.send(&7u64.to_le_bytes())?;
        self.answers.receive(&mut answer)?;
        Ok(u64::from_le_bytes(answer) == 7 + Self::TREASURE)
    }

    fn stop(self) -> Result<Ended, Error> {
        self.questions.send(&[0; 8])?;
        Ok(wait(Some(self.pid))?.1)
    }
}
