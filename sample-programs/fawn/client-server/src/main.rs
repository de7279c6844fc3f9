//! Clients and a server: requests and replies, also when the server crashes.
//!
//! The server can receive, the clients can send: when the server is gone, so is the last right to receive, and whoever sends, or waits
//! for a reply, gets an error (EPIPE) instead of waiting for ever. The parent starts the server again with a new mailbox, and sends its
//! clients the right to send there; they make their request again.
#![no_std]
#![no_main]

use fawn::mailbox::{Mailbox, Until};
use fawn::process::{Ended, Fork, Pid, exit, fork, id, kill, wait};
use fawn::{Arguments, Error, errno, println};

fawn::main!(main);

const CLIENTS: usize = 3;
/// Requests of each client.
const REQUESTS: u64 = 10;
/// Requests that a server answers before it crashes at the next one.
const LIFE: u64 = 8;
const SEGV: u32 = 11;

fn main(_: Arguments) -> i32 {
    match serve_and_restart() {
        Ok(true) => 0,
        Ok(false) => {
            println!("that is wrong");
            1
        }
        Err(error) => {
            println!("client-server: {error}");
            1
        }
    }
}

/// A client, as the parent sees it.
struct Client {
    pid: Pid,
    /// Where it gets the right to send to the server.
    inbox: Mailbox,
}

fn serve_and_restart() -> Result<bool, Error> {
    let results = Mailbox::new(CLIENTS as u32, 16)?;
    let clients = [
        start_client(1, results)?,
        start_client(2, results)?,
        start_client(3, results)?,
    ];
    let mut crashes = 0;
    loop {
        let (pid, requests) = start_server()?;
        println!("server {}: started", crashes + 1);
        for client in &clients {
            match client.inbox.send_with(&[], &[requests], Until::Forever) {
                // One that has all its answers is gone.
                Ok(()) | Err(Error(errno::EPIPE)) => {}
                Err(error) => return Err(error),
            }
        }
        requests.close()?;
        match wait(Some(pid))?.1 {
            Ended::Killed(signal) => println!("server {}: killed by signal {signal}", crashes + 1),
            Ended::Exited(status) => {
                println!("server {}: ended, status {status}", crashes + 1);
                break;
            }
        }
        crashes += 1;
    }
    let total = CLIENTS as u64 * REQUESTS;
    let mut right = crashes == (total - 1) / LIFE;
    let mut errors = 0;
    for (index, client) in clients.iter().enumerate() {
        let ended = wait(Some(client.pid))?.1;
        println!("client {}: {REQUESTS} answers, status {ended:?}", index + 1);
        right &= ended == Ended::Exited(0);
        let mut result = [0; 8];
        results.receive(&mut result)?;
        errors += u64::from_le_bytes(result);
    }
    right &= errors >= crashes;
    println!(
        "{total} requests, all answered; {crashes} crashes, each of which a client was told of"
    );
    Ok(right)
}

/// A new server; its parent keeps the right to send to it, and nobody but the server can receive.
fn start_server() -> Result<(Pid, Mailbox), Error> {
    let both = Mailbox::new(2, 16)?;
    let started = match fork()? {
        Fork::Parent(pid) => (pid, both.sender()?),
        Fork::Child => {
            // It must not count as somebody who could send to it.
            let requests = both.receiver();
            let closed = both.close();
            let served = requests.and_then(|requests| closed.and_then(|()| serve(requests)));
            exit(i32::from(served.is_err()))
        }
    };
    both.close()?;
    Ok(started)
}

/// Squares numbers until nobody is left who could send one; crashes before that if it lives too long.
fn serve(requests: Mailbox) -> Result<(), Error> {
    let mut request = [0; 8];
    let mut answered = 0;
    let (mut caller, mut reply) = (None, 0u64);
    loop {
        match requests.reply_wait(caller, &reply.to_le_bytes(), &mut request) {
            Ok((_, from)) => caller = from,
            Err(Error(errno::EPIPE)) => return Ok(()),
            Err(error) => return Err(error),
        }
        if answered == LIFE {
            // As a fault would end it, but without the kernel's report.
            kill(i64::from(id()), SEGV)?;
        }
        let number = u64::from_le_bytes(request);
        reply = number * number;
        answered += 1;
    }
}

fn start_client(number: u64, results: Mailbox) -> Result<Client, Error> {
    let inbox = Mailbox::new(1, 8)?;
    let client = match fork()? {
        Fork::Parent(pid) => Client {
            pid,
            inbox: inbox.sender()?,
        },
        Fork::Child => {
            let done = ask(number, inbox).and_then(|errors| results.send(&errors.to_le_bytes()));
            exit(i32::from(done.is_err()))
        }
    };
    inbox.close()?;
    Ok(client)
}

/// Makes requests until all are answered; how often the server was gone.
fn ask(number: u64, inbox: Mailbox) -> Result<u64, Error> {
    let mut errors = 0;
    let mut server = find_server(inbox)?;
    for request in (0..REQUESTS).map(|request| 100 * number + request) {
        let answer = loop {
            let mut reply = [0; 8];
            match server.call(&request.to_le_bytes(), &mut reply) {
                Ok(_) => break u64::from_le_bytes(reply),
                Err(Error(errno::EPIPE)) => {
                    errors += 1;
                    server.close()?;
                    server = find_server(inbox)?;
                }
                Err(error) => return Err(error),
            }
        };
        if answer != request * request {
            return Err(Error(errno::EIO));
        }
    }
    Ok(errors)
}

/// Waits to be told of a server.
fn find_server(inbox: Mailbox) -> Result<Mailbox, Error> {
    let mut server = [Mailbox(0)];
    inbox.receive_with(&mut [], &mut server, Until::Forever)?;
    Ok(server[0])
}
