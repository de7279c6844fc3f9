//! Connections, one after another, and the loop that serves each.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::time::Duration;

use gdbstub::conn::Connection;
use gdbstub::stub::state_machine::GdbStubStateMachine as State;
use gdbstub::stub::{DisconnectReason, GdbStub};

use super::Host;
use super::debuggee::Debuggee;
use crate::target::{Control, Run, Target, Why};

/// Longest wait for gdb before the world is looked at again.
const LONGEST_WAIT: Duration = Duration::from_millis(20);
/// Steps of a machine between two looks whether gdb comes.
const SLICE: u64 = 4_000_000;
/// What gdb sends to stop a machine that runs.
const INTERRUPT: u8 = 3;

/// How serving ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// gdb killed the machine.
    Killed,
    /// The guest ended, and gdb knows.
    Exited(u8),
    /// The guest ended or is stuck, and no gdb was there to be told.
    Over(Why),
    /// [`Host::wants_end`].
    Asked,
    /// There will be no further connection.
    Closed,
}

/// Where gdb connects.
pub enum Connections {
    /// At a port, one at a time.
    Port(TcpListener),
    /// Once, by two streams.
    Once(Option<Peer>),
}

/// The two ways to a gdb.
pub struct Peer {
    from: Receiver<u8>,
    to: Box<dyn Write>,
}

impl Peer {
    /// Begins to read from gdb.
    pub fn new(mut from: impl Read + Send + 'static, to: Box<dyn Write>) -> Self {
        let (sender, receiver) = channel();
        std::thread::spawn(move || {
            let mut buffer = [0; 4096];
            loop {
                let count = match from.read(&mut buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Ok(0) | Err(_) => return,
                    Ok(count) => count,
                };
                if buffer[..count]
                    .iter()
                    .any(|&byte| sender.send(byte).is_err())
                {
                    return;
                }
            }
        });
        Self { from: receiver, to }
    }

    fn over_tcp(stream: TcpStream) -> io::Result<Self> {
        stream.set_nonblocking(false)?;
        // Packets are small, and each waits for its answer.
        stream.set_nodelay(true)?;
        let from = stream.try_clone()?;
        Ok(Self::new(from, Box::new(stream)))
    }
}

impl Connections {
    /// Listens at a port of this host.
    ///
    /// # Errors
    /// The port cannot be had.
    pub fn listen(address: &str) -> io::Result<Self> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Self::Port(listener))
    }

    /// One connection.
    #[must_use]
    pub fn once(peer: Peer) -> Self {
        Self::Once(Some(peer))
    }

    /// The port listened at.
    #[must_use]
    pub fn port(&self) -> Option<u16> {
        match self {
            Self::Port(listener) => listener.local_addr().ok().map(|address| address.port()),
            Self::Once(_) => None,
        }
    }

    /// Whoever has connected; none yet, or an error when nobody will any more.
    fn accept(&mut self) -> io::Result<Option<Peer>> {
        match self {
            Self::Port(listener) => match listener.accept() {
                Ok((stream, _)) => Peer::over_tcp(stream).map(Some),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => Ok(None),
                Err(error) => Err(error),
            },
            Self::Once(peer) => match peer.take() {
                Some(peer) => Ok(Some(peer)),
                None => Err(io::ErrorKind::NotConnected.into()),
            },
        }
    }
}

/// The way to gdb: bytes are gathered until a packet is whole.
struct Out(Box<dyn Write>, Vec<u8>);

impl Connection for Out {
    type Error = io::Error;

    fn write(&mut self, byte: u8) -> io::Result<()> {
        self.1.push(byte);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.write_all(&self.1)?;
        self.1.clear();
        self.0.flush()
    }
}

/// Lets gdb interrupt a run, and whoever else wants the end.
struct Watch<'a> {
    from: &'a Receiver<u8>,
    interrupted: bool,
    gone: bool,
    early: Vec<u8>,
}

impl Control for Watch<'_> {
    fn poll(&mut self, _: u64, _: u64) -> bool {
        match self.from.try_recv() {
            Ok(INTERRUPT) => self.interrupted = true,
            Ok(byte) => self.early.push(byte),
            Err(TryRecvError::Disconnected) => self.gone = true,
            Err(TryRecvError::Empty) => {}
        }
        !self.interrupted && !self.gone
    }
}

/// Nothing interrupts a machine that runs without gdb.
struct Unwatched;

impl Control for Unwatched {}

/// Serves one gdb after another. With `running` the machine runs until the first comes.
///
/// # Errors
/// Talking to gdb failed in a way that ends it all.
pub fn serve(
    target: &mut dyn Target,
    host: &mut dyn Host,
    connections: &mut Connections,
    mut running: bool,
) -> io::Result<Ending> {
    let mut debuggee = Debuggee::new(target, host);
    loop {
        if debuggee.host.wants_end() {
            return Ok(Ending::Asked);
        }
        let peer = match connections.accept() {
            Ok(peer) => peer,
            Err(error) if error.kind() == io::ErrorKind::NotConnected && !running => {
                return Ok(Ending::Closed);
            }
            Err(error) if error.kind() == io::ErrorKind::NotConnected => None,
            Err(error) => return Err(error),
        };
        match peer {
            Some(peer) => match session(&mut debuggee, peer) {
                After::Runs => running = true,
                After::Stands => running = false,
                After::Ends(ending) => return Ok(ending),
            },
            None if running => {
                if let Some(ending) = alone(&mut debuggee) {
                    return Ok(ending);
                }
            }
            None => std::thread::sleep(LONGEST_WAIT),
        }
    }
}

/// The machine runs, and no gdb is there.
fn alone(debuggee: &mut Debuggee<'_>) -> Option<Ending> {
    let typed = debuggee.host.typed();
    if !typed.is_empty() {
        // It is not the past: with no gdb it always goes forward.
        let _ = debuggee.target.give_input(&typed);
    }
    let stopped = debuggee.target.run(Run::For(SLICE), &mut Unwatched);
    debuggee.print_output();
    match stopped.map(|stopped| stopped.why) {
        Ok(why @ (Why::Exit(_) | Why::Stuck(_))) => Some(Ending::Over(why)),
        Ok(Why::Idle) => {
            std::thread::sleep(LONGEST_WAIT);
            None
        }
        Ok(_) => None,
        Err(error) => {
            debuggee.host.say(&error.to_string());
            Some(Ending::Closed)
        }
    }
}

/// What a machine does when a gdb has gone.
enum After {
    /// It was detached.
    Runs,
    /// The connection broke: it waits for another gdb.
    Stands,
    Ends(Ending),
}

/// Serves one gdb.
fn session(debuggee: &mut Debuggee<'_>, peer: Peer) -> After {
    let after = match talk(debuggee, peer) {
        Ok(after) => after,
        Err(what) => {
            debuggee.host.say(&format!("gdb: {what}"));
            After::Stands
        }
    };
    debuggee.set.clear(debuggee.target);
    after
}

fn talk(debuggee: &mut Debuggee<'_>, peer: Peer) -> Result<After, String> {
    let text = |error: &dyn std::fmt::Display| error.to_string();
    let Peer { from, to } = peer;
    let stub = GdbStub::new(Out(to, Vec::new()));
    let mut state = stub.run_state_machine(debuggee).map_err(|e| text(&e))?;
    let mut early = Vec::new();
    loop {
        state = match state {
            State::Idle(gdb) => match next_byte(debuggee, &from, &mut early) {
                Next::Byte(byte) => gdb.incoming_data(debuggee, byte).map_err(|e| text(&e))?,
                Next::Nothing => State::Idle(gdb),
                Next::Gone => return Ok(After::Stands),
                Next::End => return Ok(After::Ends(Ending::Asked)),
            },
            State::Running(gdb) if !early.is_empty() => {
                let byte = early.remove(0);
                gdb.incoming_data(debuggee, byte).map_err(|e| text(&e))?
            }
            State::Running(gdb) => {
                let mut watch = Watch {
                    from: &from,
                    interrupted: false,
                    gone: false,
                    early: Vec::new(),
                };
                let reason = debuggee.go_on(&mut watch);
                let (interrupted, gone) = (watch.interrupted, watch.gone);
                early.append(&mut watch.early);
                let interrupted = interrupted.then(|| debuggee.interrupted());
                match reason.or(interrupted) {
                    _ if gone => return Ok(After::Stands),
                    _ if debuggee.host.wants_end() => return Ok(After::Ends(Ending::Asked)),
                    Some(reason) => gdb.report_stop(debuggee, reason).map_err(|e| text(&e))?,
                    None => State::Running(gdb),
                }
            }
            State::CtrlCInterrupt(gdb) => {
                let reason = Some(debuggee.interrupted());
                let handled = gdb.interrupt_handled(debuggee, reason);
                handled.map_err(|e| text(&e))?
            }
            State::Disconnected(gdb) => {
                return Ok(match gdb.get_reason() {
                    DisconnectReason::Disconnect => After::Runs,
                    DisconnectReason::Kill => After::Ends(Ending::Killed),
                    DisconnectReason::TargetExited(status) => After::Ends(Ending::Exited(status)),
                    DisconnectReason::TargetTerminated(_) => After::Ends(Ending::Killed),
                });
            }
        }
    }
}

enum Next {
    Byte(u8),
    Nothing,
    Gone,
    End,
}

fn next_byte(debuggee: &mut Debuggee<'_>, from: &Receiver<u8>, early: &mut Vec<u8>) -> Next {
    if !early.is_empty() {
        return Next::Byte(early.remove(0));
    }
    match from.recv_timeout(LONGEST_WAIT) {
        Ok(byte) => Next::Byte(byte),
        Err(RecvTimeoutError::Disconnected) => Next::Gone,
        Err(RecvTimeoutError::Timeout) if debuggee.host.wants_end() => Next::End,
        Err(RecvTimeoutError::Timeout) => Next::Nothing,
    }
}
