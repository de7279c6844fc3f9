//! Authority: a process can use what it was given, and nothing else. Everything outside it is reached by handles, which are numbers
//! in its own table; a number that was not given to it means nothing, and what a handle does not allow nobody can do with it.
#![no_std]
#![no_main]

use fawn::alloc::format;
use fawn::file::{self, File, flags};
use fawn::mailbox::{Mailbox, Until};
use fawn::process::{Ended, Fork, Handle, exec_path, exit, fork, kill, wait};
use fawn::syscall::Number;
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

const BAD: Error = Error(errno::EBADF);
/// The numbers that descriptors have.
const DESCRIPTORS: u32 = 64;

fn main(arguments: Arguments) -> i32 {
    let done = match (arguments.number(1), arguments.number(2)) {
        // The program that the last part becomes.
        (Some(lost), Some(kept)) => after_exec(Mailbox(lost), Mailbox(kept)),
        _ => show(&arguments.own_path()),
    };
    match done {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            println!("handles: {error}");
            1
        }
    }
}

/// Whether all is as it should be so far.
struct Checks(bool);

impl Checks {
    fn expect<T: core::fmt::Debug + PartialEq>(&mut self, what: &str, result: T, expected: T) {
        println!("{what}: {result:?}");
        if result != expected {
            println!("that is wrong: {expected:?} was expected");
            self.0 = false;
        }
    }
}

fn show(path: &str) -> Result<bool, Error> {
    let mut checks = Checks(true);
    restrict(&mut checks)?;
    close(&mut checks)?;
    guess(&mut checks)?;
    stay_in_tree(&mut checks)?;
    process(&mut checks)?;
    limit(&mut checks)?;
    exec(&mut checks, path)?;
    Ok(checks.0)
}

/// Rights only ever become fewer.
fn restrict(checks: &mut Checks) -> Result<(), Error> {
    let both = Mailbox::new(1, 8)?;
    let (sender, receiver) = (both.sender()?, both.receiver()?);
    let mut message = [0; 8];
    checks.expect("receive with a handle to send", receive(sender), Err(BAD));
    checks.expect("send with a handle to receive", send(receiver), Err(BAD));
    checks.expect("more rights than it has", sender.receiver().is_err(), true);
    checks.expect("send with a handle to send", send(sender), Ok(()));
    checks.expect(
        "receive with a handle to receive",
        receiver.receive(&mut message).map(|_| ()),
        Ok(()),
    );

    let file = File::open("/readable", flags::O_RDWR | flags::O_CREAT)?;
    let read_only = File::open("/readable", flags::O_RDONLY)?;
    checks.expect(
        "write to what is open for reading",
        read_only.write_all(b"x"),
        Err(BAD),
    );
    checks.expect(
        "write to what is open for both",
        file.write_all(b"x"),
        Ok(()),
    );
    file::remove("/readable")?;
    for mailbox in [both, sender, receiver] {
        mailbox.close()?;
    }
    Ok(())
}

/// A child has a table of its own.
fn close(checks: &mut Checks) -> Result<(), Error> {
    let mailbox = Mailbox::new(1, 8)?;
    let child = || {
        let was_there = send(mailbox).is_ok() && receive(mailbox).is_ok();
        let closed = mailbox.close().is_ok() && mailbox.close() == Err(BAD);
        was_there && closed && send(mailbox) == Err(BAD)
    };
    checks.expect(
        "the child closes what it inherited",
        in_child(child)?,
        Ended::Exited(0),
    );
    checks.expect("the parent still has it", send(mailbox), Ok(()));
    mailbox.close()?;
    checks.expect("and then it closes it, too", send(mailbox), Err(BAD));
    Ok(())
}

/// Numbers that were not given mean nothing, whatever others have under them.
fn guess(checks: &mut Checks) -> Result<(), Error> {
    let theirs = Mailbox::new(1, 8)?;
    let child = || {
        (0..DESCRIPTORS).for_each(|descriptor| _ = file::close(descriptor));
        let mut guesses = (0..DESCRIPTORS).chain([DESCRIPTORS, 1000, i32::MAX as u32, u32::MAX]);
        guesses.all(|number| {
            let guess = Mailbox(number);
            let as_file = File(number);
            let fails = as_file.read(&mut [0]) == Err(BAD) && as_file.write_all(b"x") == Err(BAD);
            fails && send(guess) == Err(BAD) && receive(guess) == Err(BAD)
        })
    };
    checks.expect(
        "a child without handles tries every number",
        in_child(child)?,
        Ended::Exited(0),
    );
    let nothing = theirs.receive_until(&mut [0; 8], Until::Now);
    checks.expect(
        "nothing has come by that",
        nothing.map(|_| ()),
        Err(Error(errno::EAGAIN)),
    );
    theirs.close()
}

/// A process may signal its descendants, and nobody else.
fn stay_in_tree(checks: &mut Checks) -> Result<(), Error> {
    const TERM: u32 = 15;
    const INIT: i64 = 1;
    let not_permitted = Err(Error(errno::EPERM));
    let parent = i64::from(fawn::process::id());
    let child = || kill(parent, TERM) == not_permitted && kill(INIT, TERM) == not_permitted;
    checks.expect(
        "a child may signal neither parent nor init",
        in_child(child)?,
        Ended::Exited(0),
    );
    Ok(())
}

/// A handle of a process makes it one's own to look at and to end; its number does not.
fn process(checks: &mut Checks) -> Result<(), Error> {
    const KILL: u32 = 9;
    const HOUR: u64 = 3_600_000_000_000;
    let Fork::Parent(victim) = fork()? else {
        loop {
            fawn::thread::sleep(HOUR);
        }
    };
    let number = || kill(i64::from(victim), KILL) == Err(Error(errno::EPERM));
    checks.expect(
        "a sibling's number is not enough to end it",
        in_child(number)?,
        Ended::Exited(0),
    );
    let handle = Handle::open(victim)?;
    let by_handle = || {
        let found = handle.inspect().is_ok_and(|entry| entry.pid == victim);
        found && handle.signal(KILL).is_ok()
    };
    checks.expect(
        "a handle of it, inherited, is",
        in_child(by_handle)?,
        Ended::Exited(0),
    );
    checks.expect("so it ended", wait(Some(victim))?.1, Ended::Killed(KILL));
    checks.expect(
        "the handle leads to nobody else",
        handle.signal(KILL),
        Err(Error(errno::ESRCH)),
    );
    checks.expect("and is closed", file::close(handle.0), Ok(()));
    let power_off = || fawn::process::power_off() == Err(Error(errno::EPERM));
    checks.expect(
        "who does not hold the system cannot end it",
        in_child(power_off)?,
        Ended::Exited(0),
    );
    Ok(())
}

/// A process can give up numbers for descriptors, and have them back.
fn limit(checks: &mut Checks) -> Result<(), Error> {
    const NOFILE: u64 = 7;
    let set = |soft: u64| {
        let new = [soft, u64::from(DESCRIPTORS)];
        let arguments = [0, NOFILE, new.as_ptr() as u64, 0];
        fawn::syscall::call(Number::Prlimit64, arguments).map(|_| ())
    };
    checks.expect("no descriptor more", set(3), Ok(()));
    let more = || Mailbox::new(1, 8).err();
    checks.expect("a mailbox now", more(), Some(Error(errno::EMFILE)));
    checks.expect(
        "more than there are",
        set(u64::from(DESCRIPTORS) + 1),
        Err(Error(errno::EINVAL)),
    );
    checks.expect("as before", set(u64::from(DESCRIPTORS)), Ok(()));
    checks.expect("a mailbox then", more(), None);
    Ok(())
}

/// `execve` closes what was not made to be inherited.
fn exec(checks: &mut Checks, path: &str) -> Result<(), Error> {
    let lost = Mailbox::new(1, 8)?;
    let kept = Mailbox::inherited(1, 8)?;
    let child = || {
        let numbers = (format!("{}", lost.0), format!("{}", kept.0));
        let error = exec_path(path, &[path, &numbers.0, &numbers.1]);
        println!("handles: cannot run {path}: {error}");
        false
    };
    checks.expect(
        "the next program has the one mailbox, not the other",
        in_child(child)?,
        Ended::Exited(0),
    );
    checks.expect("what it sent is here", receive(kept), Ok(()));
    Ok(())
}

fn after_exec(lost: Mailbox, kept: Mailbox) -> Result<bool, Error> {
    Ok(send(lost) == Err(BAD) && send(kept) == Ok(()))
}

fn send(mailbox: Mailbox) -> Result<(), Error> {
    mailbox.send_until(&[0; 8], Until::Now)
}

fn receive(mailbox: Mailbox) -> Result<(), Error> {
    mailbox.receive_until(&mut [0; 8], Until::Now).map(|_| ())
}

/// Does something in a child, which ends with status 0 when it was true.
fn in_child(act: impl FnOnce() -> bool) -> Result<Ended, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(wait(Some(pid))?.1),
        Fork::Child => exit(i32::from(!act())),
    }
}
