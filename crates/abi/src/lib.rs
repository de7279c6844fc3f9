//! The contract between host, firmware and sample programs: memory map, interrupt numbers, system-call numbers.
