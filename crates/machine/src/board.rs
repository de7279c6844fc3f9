//! The machine: builds the board, runs it, and answers for it.

use abi::memory_map as map;
use interpreter::hart::{Hart, Slot, interrupt};
use interpreter::{Interpreter, Observer, Pause};
use memory::{Bus, Effect, HostEvent, LoggedEvent, PageFlags, Ram, Width};

use crate::boot::{self, Boot};
use crate::events::EventLog;
use crate::htif::{Htif, HtifOutcome};
use crate::loader::Image;
use crate::schedule::{self, Schedule};
use crate::semihosting::Semihosting;
use crate::snapshot::Shared;
use crate::stuck::ProgressCheck;
use crate::{Config, Exit, ExitVia, MachineError, Stop, Stuck, StuckReason};

/// A machine.
pub struct Machine {
    pub(crate) harts: Vec<Box<Hart>>,
    pub(crate) bus: Bus,
    pub(crate) schedule: Schedule,
    pub(crate) config: Config,
    pub(crate) log: EventLog,
    pub(crate) semihosting: Option<Semihosting>,
    pub(crate) output: Vec<u8>,
    /// Bytes printed up to now, and at most: what lies between was printed before going back in time.
    pub(crate) printed: u64,
    pub(crate) printed_most: u64,
    pub(crate) shared: Shared,
    pub(crate) exit: Option<Exit>,
    pub(crate) interpreter: Interpreter,
    pub(crate) halts_on_output: bool,
    pub(crate) htif: Option<Htif>,
    images: Vec<Image>,
    pub(crate) progress: ProgressCheck,
    /// A semihosting call waits for somebody to type.
    pub(crate) call_waits: bool,
}

impl Machine {
    /// A machine at reset with nothing loaded.
    ///
    /// # Errors
    /// When the options make no machine or the host has not enough address space.
    pub fn new(config: Config) -> Result<Self, MachineError> {
        if !(1..=map::MAX_HARTS).contains(&config.harts) {
            return Err(MachineError::Harts(config.harts));
        }
        let mut bus = Bus::new(Ram::new(map::RAM_BASE, config.memory)?);
        attach_devices(&mut bus, &config, map::RAM_BASE)?;
        let semihosting = config.semihosting.clone().map(Semihosting::new);
        let hart = |id| {
            let mut hart = Hart::new(id, config.isa, map::RESET_ROM.base);
            hart.semihosting = semihosting.is_some();
            hart
        };
        let mut interpreter = Interpreter::new();
        interpreter.plain_only = config.plain_engine;
        Ok(Self {
            harts: (0..config.harts as u64).map(hart).collect(),
            bus,
            schedule: Schedule::new(config.interleaving.as_ref()),
            log: EventLog::default(),
            semihosting,
            output: Vec::new(),
            printed: 0,
            printed_most: 0,
            shared: Shared::default(),
            exit: None,
            interpreter,
            halts_on_output: false,
            htif: None,
            images: Vec::new(),
            progress: ProgressCheck::default(),
            call_waits: false,
            config,
        })
    }

    /// Places a bare-metal program in RAM, and the device tree; the reset ROM goes to its entry.
    ///
    /// # Errors
    /// When they do not fit.
    pub fn load(&mut self, image: Image) -> Result<(), MachineError> {
        self.boot(Boot::from_image(image))
    }

    /// Places what the machine starts with, and the device tree; the reset ROM goes to the firmware's
    /// entry or, without one, the kernel's.
    ///
    /// # Errors
    /// When something does not fit, or the device tree is none.
    pub fn boot(&mut self, boot: Boot) -> Result<(), MachineError> {
        let plan = boot.plan(&self.config)?;
        let rom = devices::rom::reset_rom_for_payload(plan.entry, plan.device_tree, plan.next);
        self.bus.replace(map::RESET_ROM, Box::new(rom))?;
        self.install(plan.images)
    }

    /// The device tree (a DTB) that the machine starts with; empty before [`Machine::boot`].
    #[must_use]
    pub fn device_tree(&self) -> &[u8] {
        let tree = self
            .images
            .iter()
            .find(|image| image.name == boot::DEVICE_TREE);
        tree.and_then(|image| image.segments.first())
            .map_or(&[], |segment| &segment.bytes)
    }

    /// Places images, now and at each reset.
    pub(crate) fn install(&mut self, images: Vec<Image>) -> Result<(), MachineError> {
        for image in &images {
            image.place(&mut self.bus.ram)?;
            self.find_tohost(image);
        }
        self.images = images;
        Ok(())
    }

    fn find_tohost(&mut self, image: &Image) {
        let Some(tohost) = image.symbols.by_name("tohost") else {
            return;
        };
        let Some(offset) = self.bus.ram.offset_of(tohost, 8) else {
            return;
        };
        let page = (offset >> memory::PAGE_SHIFT) as u32;
        self.bus.ram.set_page_flags(page, PageFlags::HOST_CALL);
        let mut htif = Htif::new(tohost, image.symbols.by_name("fromhost"));
        if let Some(input) = &self.config.input {
            htif.feed(&mut self.bus.ram, input);
        }
        self.htif = Some(htif);
    }

    /// Runs for at most `budget` steps.
    pub fn run(&mut self, budget: u64) -> Stop {
        self.run_with(budget, |interpreter, hart, bus, steps| {
            interpreter.run(hart, bus, steps)
        })
    }

    /// Runs for at most `budget` steps while an observer watches each: the same steps to the same
    /// state, slower.
    pub fn run_observed(&mut self, budget: u64, observer: &mut impl Observer) -> Stop {
        self.run_with(budget, |interpreter, hart, bus, steps| {
            interpreter.run_observed(hart, bus, steps, observer)
        })
    }

    /// Runs for at most `budget` steps while an observer is told of traps, interrupts, returns and waits: the same
    /// steps to the same state, at nearly full speed.
    pub fn run_watching_traps(&mut self, budget: u64, observer: &mut impl Observer) -> Stop {
        self.run_with(budget, |interpreter, hart, bus, steps| {
            interpreter.run_watching_traps(hart, bus, steps, observer)
        })
    }

    fn run_with(
        &mut self,
        budget: u64,
        mut turn: impl FnMut(&mut Interpreter, &mut Hart, &mut Bus, u64) -> Pause,
    ) -> Stop {
        let end = self.steps().saturating_add(budget);
        self.forget_seen();
        loop {
            let printed = self.printed;
            self.enter_logged_events();
            if self.call_waits {
                self.answer_call();
            }
            if let Some(exit) = self.exit {
                return Stop::Exit(exit);
            }
            let left = end
                .saturating_sub(self.steps())
                .min(self.log.steps_until_next(self.steps()));
            if left == 0 {
                return Stop::Budget;
            }
            if self.call_waits {
                // What was typed then is typed again.
                let Some(idle) = self.log.idle_of_next(self.steps()) else {
                    return Stop::Idle(None);
                };
                self.pass_idle_until(idle);
                continue;
            }
            let current = self.schedule.current;
            if let Some(halt) = self.seen(current, Pause::Attention, self.printed > printed) {
                return Stop::Halt(halt);
            }
            if !schedule::can_run(&self.harts[self.schedule.current], &self.bus) {
                if !schedule::anyone_awake(&self.harts, &self.bus) {
                    match self.pass_idle_time() {
                        Some(Stop::Stuck(_)) if self.settle_htif() => {}
                        Some(stop) => return stop,
                        None => {}
                    }
                } else {
                    self.next_turn();
                }
                continue;
            }
            let before = self.steps();
            let hart = &mut self.harts[current];
            // Judged at the same steps however a run is cut.
            let budget = left
                .min(self.schedule.left)
                .min(self.progress.next.saturating_sub(before));
            let pause = turn(&mut self.interpreter, hart, &mut self.bus, budget);
            self.schedule.left -= self.steps() - before;
            self.after_turn(pause);
            if let Some(halt) = self.seen(current, pause, self.printed > printed) {
                return Stop::Halt(halt);
            }
            if let Some(stuck) = self.check_progress()
                && !self.settle_htif()
            {
                return Stop::Stuck(stuck);
            }
        }
    }

    /// A semihosting call is made, or made again now that somebody may have typed.
    fn answer_call(&mut self) {
        self.call_waits = !self.semihosting_call();
    }

    /// A guest that does nothing more may have left a half-written `tohost` that means its end.
    fn settle_htif(&mut self) -> bool {
        let Some(htif) = &mut self.htif else {
            return false;
        };
        match htif.settle(&mut self.bus.ram) {
            HtifOutcome::Exit(code) => {
                self.end(code, ExitVia::Htif);
                true
            }
            _ => false,
        }
    }

    fn after_turn(&mut self, pause: Pause) {
        // What is due now happens now, whoever stops or goes on here.
        self.bus.tick();
        match pause {
            Pause::Budget if self.schedule.left > 0 => {}
            Pause::Budget | Pause::Waiting | Pause::Yielded => self.next_turn(),
            // The turn is over at the same step whether somebody looks there or not.
            Pause::Attention if self.is_turn_over() => self.next_turn(),
            Pause::Attention | Pause::Marked => {}
            Pause::HostCall => self.answer_call(),
        }
        self.handle_effects();
        if self.bus.ram.has_host_calls() {
            self.poll_htif();
        }
    }

    /// Whether the hart whose turn it is has used it up or gave it away.
    fn is_turn_over(&self) -> bool {
        let hart = &self.harts[self.schedule.current];
        self.schedule.left == 0 || !schedule::can_run(hart, &self.bus)
    }

    fn next_turn(&mut self) {
        self.schedule.next_turn(&self.harts, &mut self.bus);
    }

    /// Every hart waits: time jumps to the next deadline or logged event. With neither, the machine
    /// is idle or, with nobody who could type, stuck.
    fn pass_idle_time(&mut self) -> Option<Stop> {
        let now = self.bus.clock.now();
        let event = self.log.idle_of_next(self.steps());
        let deadline = schedule::next_deadline(&self.harts, &self.bus);
        let until = deadline.map(|at| at.saturating_sub(now) + self.bus.clock.idle);
        match (until, event) {
            (Some(until), Some(event)) => self.bus.clock.idle = until.min(event),
            (None, Some(event)) => self.bus.clock.idle = event,
            (until, None)
                if self.config.interactive && (until.is_some() || self.input_can_wake()) =>
            {
                return Some(Stop::Idle(until));
            }
            (Some(until), None) => self.bus.clock.idle = until,
            (None, None) => {
                return Some(Stop::Stuck(Stuck {
                    hart: self.schedule.current,
                    pc: self.harts[self.schedule.current].pc,
                    reason: StuckReason::WaitsForNothing,
                }));
            }
        }
        self.bus.tick();
        None
    }

    /// Whether what is typed can wake some hart.
    fn input_can_wake(&self) -> bool {
        let external = interrupt::MEIP | interrupt::SEIP;
        self.harts
            .iter()
            .any(|hart| hart[Slot::Mie] & external != 0)
    }

    /// Lets idle time pass up to `idle` nanoseconds of it in all, deadline by deadline, and logged events in: how a
    /// replay comes to the moment at which the recorded run ended while every hart waited.
    pub fn live_through_idle(&mut self, idle: u64) {
        self.enter_logged_events();
        while self.bus.clock.idle < idle {
            let (now, passed) = (self.bus.clock.now(), self.bus.clock.idle);
            let deadline = schedule::next_deadline(&self.harts, &self.bus);
            let deadline = deadline.map(|at| at.saturating_sub(now) + passed);
            let event = self.log.idle_of_next(self.steps());
            let next = [deadline, event].into_iter().flatten().min();
            // What is due already must not hold the time.
            let next = next.unwrap_or(idle).max(passed + 1);
            self.pass_idle_until(next.min(idle));
            self.enter_logged_events();
        }
    }

    /// Bytes of console input that the guest has not read, by whichever way it reads: feeding it faster than it reads
    /// only costs memory.
    #[must_use]
    pub fn input_backlog(&self) -> usize {
        let htif = self.htif.as_ref().map_or(usize::MAX, Htif::backlog);
        let semihosting = self.semihosting.as_ref();
        let semihosting = semihosting.map_or(usize::MAX, Semihosting::backlog);
        self.bus.backlog().min(htif).min(semihosting)
    }

    /// Lets idle time pass on an interactive machine where every hart waits, up to `idle` nanoseconds of it in all
    /// (never backwards): where a live wait ended is part of the log of the next event.
    pub fn pass_idle_until(&mut self, idle: u64) {
        let idle = idle.max(self.bus.clock.idle);
        // Deadline by deadline: how long a wait lasted on the wall must not show.
        while let Some(deadline) = self.bus.deadline() {
            let wait = deadline.saturating_sub(self.bus.clock.now());
            let at = self.bus.clock.idle + wait;
            if wait == 0 || at > idle {
                break;
            }
            self.bus.clock.idle = at;
            self.bus.tick();
        }
        self.bus.clock.idle = idle;
        self.bus.tick();
    }

    fn check_progress(&mut self) -> Option<Stuck> {
        if self.steps() < self.progress.next {
            return None;
        }
        self.progress.check(&self.harts, &mut self.bus)
    }

    fn handle_effects(&mut self) {
        if self.bus.effects.is_empty() {
            return;
        }
        for effect in std::mem::take(&mut self.bus.effects) {
            match effect {
                Effect::Console(byte) => self.print(&[byte]),
                Effect::PowerOff { code } => self.end(code, ExitVia::Finisher),
                Effect::Reset if self.config.no_reboot => self.end(0, ExitVia::Reset),
                Effect::Reset => self.reset(),
            }
        }
    }

    pub(crate) fn end(&mut self, code: u64, via: ExitVia) {
        self.exit = Some(Exit { code, via });
    }

    /// Back to power-on: harts and devices at reset, images placed anew. Time goes on, and what else is in RAM stays, as
    /// on a board whose reset line is pulled.
    pub fn reset(&mut self) {
        for hart in &mut self.harts {
            hart.reset(map::RESET_ROM.base);
        }
        self.bus.reset();
        self.bus.ram.reserve(None);
        self.schedule.reset();
        for image in &self.images {
            // It fitted before, and RAM has not changed its size.
            let placed = image.place(&mut self.bus.ram);
            debug_assert!(placed.is_ok());
        }
    }

    fn poll_htif(&mut self) {
        let writes = self.bus.ram.take_host_writes();
        let Some(htif) = &mut self.htif else {
            return;
        };
        match htif.poll(&mut self.bus.ram, &writes) {
            HtifOutcome::None => {}
            HtifOutcome::Exit(code) => self.end(code, ExitVia::Htif),
            HtifOutcome::Console(bytes) => self.print(&bytes),
        }
    }

    /// Lets something from outside enter the machine, between steps and through the log.
    pub fn inject(&mut self, event: HostEvent) {
        self.log.record(&self.bus.clock, event.clone());
        self.apply(event, false);
    }

    /// Lets logged events enter again at their moments; call it before the first step.
    pub fn replay(&mut self, events: impl IntoIterator<Item = LoggedEvent>) {
        self.log = EventLog::to_replay(events);
    }

    /// What has entered from outside so far.
    #[must_use]
    pub fn log(&self) -> &EventLog {
        &self.log
    }

    fn enter_logged_events(&mut self) {
        while let Some(entering) = self.log.due(&self.bus.clock) {
            self.apply(entering.event, entering.again);
        }
    }

    /// `again`: the host's side knows it already.
    pub(crate) fn apply(&mut self, event: HostEvent, again: bool) {
        match event {
            HostEvent::Reset => self.reset(),
            HostEvent::HostCall(answer) => self.apply_host_answer(&answer),
            HostEvent::SetRegister {
                hart,
                register,
                value,
            } => self.set_register(usize::from(hart), register, value),
            HostEvent::WriteMemory { address, ref bytes } => {
                self.bus.ram.dma_write(address, bytes);
            }
            HostEvent::ConsoleInput(ref bytes) => {
                // Whichever way the guest reads its console by, it finds what was typed.
                if let Some(htif) = &mut self.htif {
                    htif.feed(&mut self.bus.ram, bytes);
                }
                if let Some(semihosting) = self.semihosting.as_mut().filter(|_| !again) {
                    semihosting.feed(bytes);
                }
                self.bus.event(&event);
            }
        }
    }

    /// Steps taken so far: the coordinate of everything.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.bus.clock.steps
    }

    /// Says whether somebody may type: a machine that waits for input is then idle, not stuck.
    pub fn set_interactive(&mut self, interactive: bool) {
        self.config.interactive = interactive;
    }

    /// What the guest has printed since the last call.
    pub fn take_output(&mut self) -> Vec<u8> {
        std::mem::take(&mut self.output)
    }

    /// The harts.
    #[must_use]
    pub fn harts(&self) -> &[Box<Hart>] {
        &self.harts
    }

    /// Whose turn it is.
    #[must_use]
    pub fn schedule(&self) -> Schedule {
        self.schedule
    }

    /// A hart, to change it as a debugger does.
    pub fn hart_mut(&mut self, id: usize) -> Option<&mut Hart> {
        self.harts.get_mut(id).map(|hart| &mut **hart)
    }

    /// RAM, devices and clock.
    #[must_use]
    pub fn bus(&self) -> &Bus {
        &self.bus
    }

    /// RAM, devices and clock, to change them as a debugger does.
    pub fn bus_mut(&mut self) -> &mut Bus {
        &mut self.bus
    }

    /// What was loaded, in order.
    #[must_use]
    pub fn images(&self) -> &[Image] {
        &self.images
    }

    /// The options it was built with.
    #[must_use]
    pub fn config(&self) -> &Config {
        &self.config
    }

    /// Reads RAM at a physical address, as a tool does.
    #[must_use]
    pub fn peek(&self, address: u64, width: Width) -> Option<u64> {
        self.bus.ram.load(address, width)
    }
}

fn attach_devices(bus: &mut Bus, config: &Config, entry: u64) -> Result<(), MachineError> {
    use devices::{Clint, Finisher, GoldfishRtc, Plic, Uart};
    let uart = match &config.input {
        Some(input) => Uart::with_input(input.clone()),
        None => Uart::new(),
    };
    bus.attach(map::RESET_ROM, Box::new(devices::rom::reset_rom(entry, 0)))?;
    bus.attach(map::TEST_FINISHER, Box::new(Finisher::new()))?;
    bus.attach(map::RTC, Box::new(GoldfishRtc::new(config.rtc_base)))?;
    bus.attach(map::CLINT, Box::new(Clint::new(config.harts)))?;
    bus.attach(map::PLIC, Box::new(Plic::new(config.harts)))?;
    bus.attach(map::UART, Box::new(uart))?;
    Ok(())
}
