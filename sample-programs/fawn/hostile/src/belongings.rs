//! What a hostile process begins with: something of every kind, so that random calls now and then do what they are for.

use fawn::mailbox::Mailbox;
use fawn::process::{Fork, Pid, exit, fork, supervised_by};
use fawn::syscall::{Number, call, call6};
use fawn::{Error, file};

use crate::Manner;

/// Where its files are.
pub const PLACE: &str = "/hostile";
const DESCRIPTORS: u32 = 64;
/// The descriptors of two of its mailboxes: the one with room for some messages, and the rendezvous.
const WITH_ROOM: u32 = 6;
const RENDEZVOUS: u32 = 7;
/// How often somebody calls at the rendezvous.
const REQUESTS: u32 = 64;

/// Leaves a hostile process nothing of what its parent has but the program, and gives it a little of everything: 0 to 2 `/dev/null`, 3 a file, 4 a
/// directory, 5 the console to read from, 6 a mailbox, 7 a rendezvous, 8 a mailbox of pages, 9 and 10 a pipe, 11 a mailbox at which somebody answers, 12 that process.
/// Somebody calls at the rendezvous, over and over, and there is a message in the first mailbox.
/// The number of a process that waits for an answer to its fault, or 0.
pub fn prepare(manner: Manner) -> Result<Pid, Error> {
    use file::flags::{O_CREAT, O_RDONLY, O_RDWR};
    // That it is there already is as good.
    let _ = file::make_directory(PLACE);
    file::change_directory(PLACE)?;
    let _ = file::make_directory("c");
    let nothing = file::File::open("/dev/null", O_RDWR)?.into_descriptor();
    for descriptor in 0..3 {
        file::duplicate_to(nothing, descriptor)?;
    }
    for descriptor in 3..DESCRIPTORS {
        let _ = file::close(descriptor);
    }
    let content = file::File::open("a", O_RDWR | O_CREAT)?;
    content.write_all(b"something to read")?;
    let folder = file::File::open(".", O_RDONLY)?;
    let console = file::File::open("/dev/console", O_RDONLY)?;
    for (capacity, size) in [(4, 64), (0, 64), (2, 65536)] {
        Mailbox::new(capacity, size)?;
    }
    Mailbox(WITH_ROOM).send(b"something to receive")?;
    let (from, to) = file::pipe()?;
    // They stay open.
    let all = [content, folder, console, from, to];
    all.into_iter().for_each(core::mem::forget);
    let (target, name) = (c"a".as_ptr() as u64, c"l".as_ptr() as u64);
    // It may be left from before.
    let _ = call(Number::Symlinkat, [target, (-100i64) as u64, name, 0]);
    let asked = Mailbox::new(2, 64)?;
    let server = begin(|| answer(asked))?;
    begin(ask)?;
    call(Number::PidfdOpen, [u64::from(server), 0, 0, 0])?;
    match manner.wild {
        // It would be reported when nobody answers.
        true => begin(fault),
        false => Ok(0),
    }
}

fn begin(act: impl FnOnce()) -> Result<Pid, Error> {
    match fork()? {
        Fork::Parent(pid) => Ok(pid),
        Fork::Child => {
            act();
            exit(0)
        }
    }
}

/// Answers each request with the same bytes, until it is killed with its job.
fn answer(asked: Mailbox) {
    let mut bytes = [0u8; 64];
    let at = bytes.as_mut_ptr() as u64;
    let mut received = 0;
    loop {
        let (caller, length) = (received >> 32, received as u32);
        let arguments = [u64::from(asked.0), caller, at, u64::from(length), at, 64];
        match call6(Number::MailboxReplyWait, arguments) {
            Ok(next) => received = next,
            Err(_) => return,
        }
    }
}

/// Calls at the rendezvous some times, whatever comes of it, until it is killed with its job.
fn ask() {
    let (request, mut reply) = ([7u8; 16], [0u8; 64]);
    let arguments = [
        u64::from(RENDEZVOUS),
        request.as_ptr() as u64,
        request.len() as u64,
        reply.as_mut_ptr() as u64,
        reply.len() as u64,
        0,
    ];
    for _ in 0..REQUESTS {
        let _ = call6(Number::MailboxCall, arguments);
    }
}

/// Faults, and waits for what the other process, which has the mailbox as 6, has to say to that.
fn fault() {
    let mailbox = Mailbox(WITH_ROOM);
    if supervised_by(mailbox).is_ok() && mailbox.close().is_ok() {
        // SAFETY: it faults, which is the point.
        unsafe { core::arch::asm!("ld {0}, 0({0})", inout(reg) 8 => _) };
    }
}
