//! Deadlines: who waits for a mailbox says until when. Then it has the message, or knows that there was none in time; it never
//! comes back early, and whatever it could do at once it does, however late it is.
#![no_std]
#![no_main]

use fawn::mailbox::{Mailbox, Until};
use fawn::{Arguments, Error, errno, println, thread};

fawn::main!(main);

const MILLISECOND: u64 = 1_000_000;
/// Times in nanoseconds that are tried, one after the other, until the machine was fast enough for them: no line says how long anything took.
const STEPS: [u64; 4] = [
    5 * MILLISECOND,
    50 * MILLISECOND,
    500 * MILLISECOND,
    5000 * MILLISECOND,
];
const LATE: Error = Error(errno::ETIMEDOUT);
const NOT_NOW: Error = Error(errno::EAGAIN);

fn main(_: Arguments) -> i32 {
    match show() {
        Ok(true) => 0,
        Ok(false) => 1,
        Err(error) => {
            println!("deadline: {error}");
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

fn receive(mailbox: Mailbox, until: Until) -> Result<u64, Error> {
    let mut message = [0; 8];
    mailbox.receive_until(&mut message, until)?;
    Ok(u64::from_le_bytes(message))
}

fn send(mailbox: Mailbox, number: u64, until: Until) -> Result<(), Error> {
    mailbox.send_until(&number.to_le_bytes(), until)
}

/// Does something that is to wait until a deadline: what came of it, and whether that was not before.
fn timed<T>(act: impl FnOnce(Until) -> Result<T, Error>) -> (Result<T, Error>, bool) {
    let deadline = thread::now() + 20 * MILLISECOND;
    let result = act(Until::Time(deadline));
    (result, thread::now() >= deadline)
}

fn show() -> Result<bool, Error> {
    let mut checks = Checks(true);
    for capacity in [0, 1, 3] {
        println!("a mailbox for {capacity}:");
        alone(&mut checks, Mailbox::new(capacity, 8)?, u64::from(capacity))?;
        in_time(&mut checks, Mailbox::new(capacity, 8)?)?;
        one_of_two(&mut checks, Mailbox::new(capacity, 8)?)?;
    }
    in_order(&mut checks)?;
    Ok(checks.0)
}

/// Nobody is at the other side.
fn alone(checks: &mut Checks, mailbox: Mailbox, capacity: u64) -> Result<(), Error> {
    let past = Until::Time(thread::now().saturating_sub(1));
    checks.expect(
        "  empty, not waiting",
        receive(mailbox, Until::Now),
        Err(NOT_NOW),
    );
    checks.expect(
        "  empty, deadline in the past",
        receive(mailbox, past),
        Err(LATE),
    );
    checks.expect(
        "  empty, until a deadline",
        timed(|until| receive(mailbox, until)),
        (Err(LATE), true),
    );
    for number in 0..capacity {
        send(mailbox, number, Until::Now)?;
    }
    checks.expect(
        "  full, not waiting",
        send(mailbox, 9, Until::Now),
        Err(NOT_NOW),
    );
    checks.expect(
        "  full, deadline in the past",
        send(mailbox, 9, past),
        Err(LATE),
    );
    checks.expect(
        "  full, until a deadline",
        timed(|until| send(mailbox, 9, until)),
        (Err(LATE), true),
    );
    for number in 0..capacity {
        // What can be done at once is not late.
        checks.expect(
            "  a message is there, deadline in the past",
            receive(mailbox, past),
            Ok(number),
        );
    }
    checks.expect(
        "  nothing else was sent",
        receive(mailbox, Until::Now),
        Err(NOT_NOW),
    );
    Ok(())
}

/// The other side comes before the deadline.
fn in_time(checks: &mut Checks, mailbox: Mailbox) -> Result<(), Error> {
    let far = Until::Time(thread::now() + 60_000 * MILLISECOND);
    let other = thread::spawn(move || {
        thread::sleep(5 * MILLISECOND);
        send(mailbox, 1, far)
    })?;
    checks.expect("  a message comes in time", receive(mailbox, far), Ok(1));
    checks.expect("  and was sent", other.join(), Some(Ok(())));
    Ok(())
}

/// Two wait, one message comes.
fn one_of_two(checks: &mut Checks, mailbox: Mailbox) -> Result<(), Error> {
    let mut outcome = (0, 0);
    for step in STEPS {
        let deadline = thread::now() + 8 * step;
        let wait = move || {
            let result = receive(mailbox, Until::Time(deadline));
            (result, thread::now() >= deadline)
        };
        let (one, other) = (thread::spawn(wait)?, thread::spawn(wait)?);
        thread::sleep(step);
        let sent = send(mailbox, 7, Until::Time(deadline));
        let in_time = sent.is_ok() && thread::now() < deadline;
        let results = [one.join(), other.join()].map(|joined| joined.unwrap_or((Ok(0), false)));
        let count = |wanted: (Result<u64, Error>, bool)| {
            let is_it = |result: &&(Result<u64, Error>, bool)| {
                result.0 == wanted.0 && (result.1 || !wanted.1)
            };
            results.iter().filter(is_it).count()
        };
        outcome = (count((Ok(7), false)), count((Err(LATE), true)));
        if in_time {
            break;
        }
        // Nobody got it, or it is hard to say.
        let _ = receive(mailbox, Until::Now);
    }
    checks.expect(
        "  two wait, one message: got it, were late",
        outcome,
        (1, 1),
    );
    Ok(())
}

/// Each gives up at its own deadline.
fn in_order(checks: &mut Checks) -> Result<(), Error> {
    let (empty, order) = (Mailbox::new(1, 8)?, Mailbox::new(5, 8)?);
    let mut late = true;
    for step in STEPS {
        while receive(order, Until::Now).is_ok() {}
        let begin = thread::now() + step;
        let mut waiting = fawn::alloc::vec::Vec::new();
        for turn in [3, 1, 5, 2, 4] {
            waiting.push(thread::spawn(move || {
                let deadline = begin + turn * 4 * step;
                let result = receive(empty, Until::Time(deadline));
                let is_late = result == Err(LATE) && thread::now() >= deadline;
                let told = send(order, turn, Until::Now).is_ok();
                // Before the next one's deadline, or the machine is too slow to say who was first.
                (is_late && told, thread::now() < deadline + 4 * step)
            })?);
        }
        let mut in_order = true;
        late = true;
        for thread in waiting {
            let (is_late, soon) = thread.join().unwrap_or_default();
            late &= is_late;
            in_order &= soon;
        }
        if in_order {
            break;
        }
    }
    checks.expect("five wait, nobody sends: all are late", late, true);
    for turn in 1..=5 {
        checks.expect(
            "  in the order of their deadlines",
            receive(order, Until::Now),
            Ok(turn),
        );
    }
    Ok(())
}
