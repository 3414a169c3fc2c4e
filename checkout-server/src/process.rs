//! What this process is allowed to do, narrowed and widened once at its start (S19).

use rustix::fs::Mode;
use rustix::process::{DumpableBehavior, Resource, Rlimit, getrlimit, set_dumpable_behavior, setrlimit, umask};

/// Connections of one listener (G30).
const MOST_CONNECTIONS: usize = 2_048;
/// Descriptors for everything else: the database, the provider, operators, files.
const RESERVED: u64 = 256;
/// Descriptors to ask for: two full tables and the rest.
const DESCRIPTORS: u64 = 8_192;

/// No core dumps and no debugger, because memory holds keys; files for their owner alone; as many
/// descriptors as connections need.
///
/// # Errors
/// The system does not let us: a sandbox forbids the call.
pub fn harden() -> std::io::Result<()> {
    setrlimit(Resource::Core, Rlimit { current: Some(0), maximum: Some(0) })?;
    // The limit above does not hold where dumps go through a pipe to a collector; this does.
    set_dumpable_behavior(DumpableBehavior::NotDumpable)?;
    umask(Mode::RWXG | Mode::RWXO);
    let descriptors = getrlimit(Resource::Nofile);
    let wanted = descriptors.maximum.map_or(DESCRIPTORS, |most| most.min(DESCRIPTORS));
    if descriptors.current.is_some_and(|current| current < wanted) {
        setrlimit(Resource::Nofile, Rlimit { current: Some(wanted), ..descriptors })?;
    }
    Ok(())
}

/// How many connections one listener may take so that descriptors are left for the rest.
#[must_use]
pub fn most_connections() -> usize {
    connections_within(getrlimit(Resource::Nofile).current)
}

fn connections_within(descriptors: Option<u64>) -> usize {
    let left =
        descriptors.map_or(usize::MAX, |most| usize::try_from(most.saturating_sub(RESERVED)).unwrap_or(usize::MAX));
    left.clamp(64, MOST_CONNECTIONS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        let given = [None, Some(8_192), Some(2_304), Some(1_024), Some(300), Some(10)];
        assert_eq!(given.map(connections_within), [2_048, 2_048, 2_048, 768, 64, 64]);
    }
}
